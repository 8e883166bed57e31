// Single events and streams are found, listed and counted.

#include "support/stores.hpp"

#include <stele/eventstore/metadata.hpp>
#include <stele/testing/manual_clock.hpp>

#include <algorithm>
#include <string>
#include <vector>

using stele::expected_version;
using stele::stream_id;
using stele::stream_state;
using stele::version;

namespace {

std::vector<std::string> names_of(const std::vector<stele::stream_info>& streams) {
    std::vector<std::string> names;
    for (const auto& each : streams) names.push_back(each.stream);
    return names;
}

void append(stele::event_store& store, const std::string& stream, std::size_t count) {
    REQUIRE(store.append(stream_id{stream}, expected_version::any(), make_events(count)));
}

}  // namespace

STORE_TEST_CASE(store, "a stream is found with its state, its version, its first and its last event") {
    const auto found = [&](const char* name) { return store->find_stream(stream_id{name}); };
    CHECK(found("order-1") == stele::stream_info{.stream = "order-1"});
    append(*store, "order-1", 3);
    append(*store, "order-2", 1);
    append(*store, "order-1", 1);
    auto info = found("order-1");
    CHECK(info.state == stream_state::live);
    CHECK(info.version == version{4});
    REQUIRE(info.first);
    REQUIRE(info.last);
    CHECK(info.first->version == version{1});
    CHECK(info.first->position == stele::position{1});
    CHECK(info.last->version == version{4});
    CHECK(info.last->position == stele::position{5});
    const auto last = store->last_event();
    REQUIRE(last);
    CHECK(info.last->recorded_at == last->recorded_at);

    REQUIRE(store->truncate_stream(stream_id{"order-1"}, version{3}));
    CHECK(found("order-1").first->version == version{3});
    REQUIRE(store->truncate_stream(stream_id{"order-1"}, version{5}));
    info = found("order-1");
    CHECK(info.state == stream_state::live);
    CHECK(info.version == version{4});
    CHECK_FALSE(info.first);
    CHECK_FALSE(info.last);

    REQUIRE(store->delete_stream(stream_id{"order-1"}));
    CHECK(found("order-1") == stele::stream_info{.stream = "order-1", .state = stream_state::deleted});
    REQUIRE(store->append(stream_id{"order-1"}, expected_version::no_stream(), make_events(1)));
    CHECK(found("order-1").first->version == version{5});
    REQUIRE(store->tombstone_stream(stream_id{"order-1"}));
    store.reopen();
    CHECK(found("order-1") == stele::stream_info{.stream = "order-1", .state = stream_state::tombstoned});
}

STORE_TEST_CASE(store, "streams are listed by category, in the order of their names, page by page") {
    for (const auto* const name :
         {"user-2", "user", "user-1", "users-1", "user-12", "user!x", "use-1", "user-\u00E9", "user,1", "order-1"})
        append(*store, name, 1);
    REQUIRE_FALSE(store->append(stream_id{"user-0"}, expected_version::stream_exists(), make_events(1)));
    REQUIRE(store->delete_stream(stream_id{"user-2"}));
    const std::vector<std::string> users{"user", "user-1", "user-12", "user-\u00E9"};
    CHECK(names_of(store->list_streams({.category = "user"})) == users);
    CHECK(names_of(store->list_streams({.category = "user", .after = "user-1", .limit = 1})) ==
          std::vector<std::string>{"user-12"});
    CHECK(store->list_streams({.category = "user", .limit = 0}).empty());
    CHECK(store->list_streams({.category = "use", .after = "user"}).empty());
    CHECK(names_of(store->list_streams({.category = "user", .after = "user-12", .removed = true})) ==
          std::vector<std::string>{"user-2", "user-\u00E9"});
    // The store's own is listed when it is asked for.
    CHECK(names_of(store->list_streams({.category = "stele"})) == std::vector<std::string>{"stele-streams"});

    std::vector<std::string> all;
    for (std::vector<stele::stream_info> page;;) {
        page = store->list_streams({.after = all.empty() ? "" : all.back(), .limit = 2, .removed = true});
        if (page.empty()) break;
        for (const auto& each : page) {
            CHECK(each == store->find_stream(stream_id{each.stream}));
            all.push_back(each.stream);
        }
    }
    CHECK(all.size() == 10);
    CHECK(std::ranges::is_sorted(all));
}

STORE_TEST_CASE(store, "an event is found by its id as long as it is stored, and the last of a type at any time") {
    const std::vector events{make_event("a.Opened", "1"), make_event("a.Closed", "2"), make_event("a.Opened", "3")};
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), events));
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto found = store->find_event(events[i].id);
        REQUIRE(found);
        CHECK(found->position.value == i + 1);
        CHECK(found->stream == "a-1");
        CHECK(found->payload == events[i].payload);
    }
    CHECK_FALSE(store->find_event(stele::uuid::v7()));
    CHECK_FALSE(store->find_event({}));
    CHECK(store->last_event({.filter = {.types = {"a.Closed"}}})->payload == "2");
    CHECK(store->last_event({.up_to = stele::position{2}, .filter = {.types = {"a.Opened"}}})->payload == "1");
    CHECK_FALSE(store->last_event({.filter = {.types = {"a.Lost"}}}));
    REQUIRE(store->truncate_stream(stream_id{"a-1"}, version{3}));
    CHECK_FALSE(store->find_event(events[0].id));
    CHECK_FALSE(store->last_event({.filter = {.types = {"a.Closed"}}}));
    CHECK(store->find_event(events[2].id));
}

STORE_TEST_CASE(store, "events are counted as they are read") {
    CHECK(store->count_events() == 0);
    append(*store, "a-1", 700);
    append(*store, "b-1", 5);
    CHECK(store->count_events() == 705);
    CHECK(store->count_events({.filter = {.categories = {"b"}}}) == 5);
    CHECK(store->count_events({.after = stele::position{10}, .limit = 600}) == 600);
    REQUIRE(store->truncate_stream(stream_id{"a-1"}, version{101}));
    CHECK(store->count_events() == 606);  // with the record of the removal
    CHECK(store->count_events({.filter = {.system_events = false}}) == 605);
}

STORE_TEST_CASE(store, "a stream is read by types, in both directions, and as of a time") {
    const stream_id stream{"account-1"};
    std::vector<stele::event_data> events;
    for (int i = 0; i < 40'000; ++i)
        events.push_back(make_event(i % 9'000 == 8'999 ? "a.Rare" : i % 2 == 0 ? "a.Even" : "a.Odd", ""));
    REQUIRE(store->append(stream, expected_version::any(), events));
    append(*store, "account-2", 3);
    const auto versions = [&](stele::stream_read_options options) {
        std::vector<std::uint64_t> found;
        for (const auto& event : store->read_stream(stream, std::move(options)).events())
            found.push_back(event.version.value);
        return found;
    };
    using numbers = std::vector<std::uint64_t>;
    CHECK(versions({.types = {"a.Rare"}}) == numbers{9'000, 18'000, 27'000, 36'000});
    CHECK(versions({.direction = stele::direction::backward, .limit = 2, .types = {"a.Rare"}}) ==
          numbers{36'000, 27'000});
    CHECK(versions({.after = version{9'000}, .up_to = version{30'000}, .types = {"a.Rare", "a.None"}}) ==
          numbers{18'000, 27'000});
    CHECK(versions({.as_of = stele::position{20'000}, .types = {"a.Rare"}}) == numbers{9'000, 18'000});
    CHECK(versions({.types = {"a.None"}}).empty());
    CHECK(versions({.types = {"test.Happened"}}).empty());  // of another stream
    CHECK(versions({.types = {"a.Odd", "a.Even", "a.Rare"}}).size() == 40'000);
    REQUIRE(store->truncate_stream(stream, version{20'000}));
    CHECK(versions({.types = {"a.Rare"}}) == numbers{27'000, 36'000});
    CHECK_THROWS_WITH_AS((void)store->read_stream(stream, {.types = {""}}),
                         "filter: event type '': is empty; give it 1 to 512 bytes", stele::error);
}

STORE_TEST_CASE(store, "events are found by the request that caused them") {
    const auto caused = [](const std::string& correlation, std::string payload) {
        auto event = make_event("a.Happened", std::move(payload));
        event.metadata = stele::encode(stele::metadata{.correlation_id = correlation, .actor = "request 7"});
        return event;
    };
    auto foreign = make_event("a.Happened", "foreign");
    foreign.metadata = "request 7 in other metadata";
    const std::vector events{caused("request 7", "1"), caused("request 77", "2"), foreign, caused("request 8", "3"),
                             make_event("a.Happened", "none")};
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), events));
    REQUIRE(store->append(stream_id{"b-1"}, expected_version::any(), caused("request 7", "4")));
    std::vector<std::string> found;
    for (const auto& event : store->read_all({.filter = {.correlation_id = "request 7"}}).events())
        found.emplace_back(event.payload);
    CHECK(found == std::vector<std::string>{"1", "4"});
    CHECK(store->count_events({.filter = {.categories = {"b"}, .correlation_id = "request 7"}}) == 1);
}
