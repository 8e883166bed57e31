// The library's own events among those of the application: skipped, unless a consumer lists removals.

#include "support/stores.hpp"
#include "testing.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/system_events.hpp>

#include <string>
#include <vector>

namespace hana = boost::hana;
using stele::expected_version;
using stele::stream_id;
using testing::Incremented;

namespace {

struct steps {
    static constexpr auto events = hana::tuple_t<Incremented>;
};

struct steps_and_removals {
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted, stele::stream_truncated>;
};

struct removals_of_counters {
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted>;
    static constexpr auto categories = hana::make_tuple("counter");
};

Incremented step(std::int64_t by) {
    Incremented event;
    event.set_by(by);
    return event;
}

void put(stele::event_store& store, const std::string& stream, std::int64_t by) {
    REQUIRE(store.append(stream_id{stream}, expected_version::any(), stele::encode(step(by))));
}

/// What a consumer hears of a store, a word for each.
template <class Consumer>
std::string heard(stele::event_store& store) {
    std::string words;
    stele::decode_each<Consumer>(
        store.read_all(),
        stele::overload(
            [&](const Incremented& event, const stele::recorded_event&) { words += std::to_string(event.by()) + " "; },
            [&](const stele::stream_deleted& removed, const stele::recorded_event& at) {
                CHECK(at.stream == "stele-streams");
                words += (removed.tombstoned ? "closed:" : "deleted:") + removed.stream + " ";
            },
            [&](const stele::stream_truncated& removed, const stele::recorded_event&) {
                words += "truncated:" + removed.stream + "<" + std::to_string(removed.before.value) + " ";
            }));
    return words;
}

void fill(stele::event_store& store) {
    for (int i = 1; i <= 3; ++i) put(store, "counter-a", i);
    put(store, "counter-b", 10);
    put(store, "other-a", 20);
    REQUIRE(store.truncate_stream(stream_id{"counter-a"}, {3}));
    REQUIRE(store.delete_stream(stream_id{"counter-b"}));
    REQUIRE(store.append(stream_id{"counter-b"}, expected_version::no_stream(), stele::encode(step(11))));
    REQUIRE(store.tombstone_stream(stream_id{"other-a"}));
    REQUIRE(
        store.append(stream_id{"journal-1"}, expected_version::any(), make_event("stele.v1.OfAnotherVersion", "\xff")));
}

}  // namespace

STORE_TEST_CASE(store, "system events are skipped, and removals are heard by who lists them") {
    fill(*store);
    CHECK(heard<steps>(*store) == "3 11 ");
    CHECK(heard<steps_and_removals>(*store) == "3 truncated:counter-a<3 deleted:counter-b 11 closed:other-a ");
    CHECK(heard<removals_of_counters>(*store) == "3 deleted:counter-b 11 ");
}

STORE_TEST_CASE(store, "the records are read without a codec, and are of the store alone") {
    fill(*store);
    // Anybody may append an event of that type; it removes nothing.
    stele::event_data forged{.type = "stele.v1.StreamDeleted", .payload = {}};
    for (const auto& event : store->read_all({.limit = 1, .filter = {.types = {forged.type}}}).events())
        forged.payload = event.payload;
    REQUIRE(store->append(stream_id{"counter-x"}, expected_version::any(), forged));
    std::vector<stele::stream_deleted> deleted;
    std::vector<stele::stream_truncated> truncated;
    int ours = 0;
    for (const auto& event : store->read_all().events()) {
        ours += stele::is_system_event(event) ? 1 : 0;
        if (const auto removed = stele::as_stream_deleted(event)) deleted.push_back(*removed);
        if (const auto removed = stele::as_stream_truncated(event)) truncated.push_back(*removed);
    }
    CHECK(ours == 5);
    CHECK(deleted == std::vector<stele::stream_deleted>{{"counter-b", false}, {"other-a", true}});
    CHECK(truncated == std::vector<stele::stream_truncated>{{"counter-a", {3}}});
    CHECK(heard<steps_and_removals>(*store).ends_with("closed:other-a "));
}

TEST_CASE("the record of a removal that is damaged is an error that names its position") {
    const stele::event_data data{.type = "stele.v1.StreamDeleted", .payload = "\xff"};
    const auto event = stele::as_recorded(data, "stele-streams", {{1}, {7}});
    CHECK_THROWS_WITH_AS((void)stele::as_stream_deleted(event), doctest::Contains("position 7"), stele::error);
    CHECK_FALSE(stele::as_stream_truncated(event));
}
