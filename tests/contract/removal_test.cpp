// What every store does when events are removed.

#include "support/stores.hpp"

using stele::conflict;
using stele::conflict_reason;
using stele::expected_version;
using stele::stream_id;
using stele::version;

namespace {

const stream_id doomed{"account-1"};
const stream_id other{"account-2"};

std::vector<std::string> types(stele::event_range range) {
    std::vector<std::string> result;
    for (const auto& e : std::move(range).events())
        result.push_back(std::to_string(e.position.value) + " " + std::string(e.stream) + "@" +
                         std::to_string(e.version.value) + " " + std::string(e.type));
    return result;
}

conflict_reason refused(const std::expected<stele::append_result, conflict>& result) {
    REQUIRE_FALSE(result);
    return result.error().reason;
}

}  // namespace

STORE_TEST_CASE(store, "truncated events are in no read; the stream and its version remain") {
    const auto first = make_events(3);
    REQUIRE(store->append(doomed, expected_version::no_stream(), first));
    REQUIRE(store->append(other, expected_version::no_stream(), make_events(1)));
    const auto removed = store->truncate_stream(doomed, version{3});
    REQUIRE(removed);
    CHECK(removed->position.value == 5);
    store.reopen();

    CHECK(types(store->read_all()) == std::vector<std::string>{"3 account-1@3 test.Happened",
                                                               "4 account-2@1 test.Happened",
                                                               "5 stele-streams@1 stele.v1.StreamTruncated"});
    CHECK(types(store->read_stream(doomed)) == std::vector<std::string>{"3 account-1@3 test.Happened"});
    CHECK(types(store->read_stream(doomed, {.direction = stele::direction::backward, .limit = 5})).size() == 1);
    CHECK(types(store->read_all({.filter = {.categories = {"account"}}})).size() == 2);
    CHECK(store->stream_version(doomed).value == 3);
    CHECK(refused(store->append(doomed, expected_version::no_stream(), first)) == conflict_reason::version);

    REQUIRE(store->truncate_stream(doomed, version{4}));
    REQUIRE(store->truncate_stream(doomed, version{1}));
    store.reopen();
    CHECK(types(store->read_stream(doomed)).empty());
    CHECK(store->stream_version(doomed).value == 3);
    const auto next = store->append(doomed, expected_version::exactly(version{3}), make_events(1));
    REQUIRE(next);
    CHECK(next->version.value == 4);
    CHECK(next->position.value == 8);
}

STORE_TEST_CASE(store, "a deleted stream starts again only with no_stream expected, and its versions continue") {
    const auto first = make_events(2);
    REQUIRE(store->append(doomed, expected_version::no_stream(), first));
    REQUIRE(store->delete_stream(doomed, expected_version::exactly(version{2})));
    store.reopen();
    CHECK(types(store->read_all()) == std::vector<std::string>{"3 stele-streams@1 stele.v1.StreamDeleted"});
    CHECK(store->stream_version(doomed).value == 0);

    for (const auto expected :
         {expected_version::any(), expected_version::stream_exists(), expected_version::exactly(version{2})})
        CHECK(refused(store->append(doomed, expected, first)) == conflict_reason::deleted);
    CHECK(refused(store->delete_stream(doomed)) == conflict_reason::deleted);
    CHECK(refused(store->truncate_stream(doomed, version{1})) == conflict_reason::deleted);

    const auto later = store->append(doomed, expected_version::no_stream(), first);
    REQUIRE(later);
    CHECK(later->version.value == 4);
    CHECK_FALSE(later->repeated);
    store.reopen();
    CHECK(store->stream_version(doomed).value == 4);
    CHECK(types(store->read_stream(doomed)) ==
          std::vector<std::string>{"4 account-1@3 test.Happened", "5 account-1@4 test.Happened"});
    CHECK(store->append(doomed, expected_version::exactly(version{4}), make_events(1)));
}

STORE_TEST_CASE(store, "a tombstoned stream is closed permanently") {
    REQUIRE(store->append(doomed, expected_version::no_stream(), make_events(2)));
    REQUIRE(store->append(other, expected_version::no_stream(), make_events(1)));
    REQUIRE(store->tombstone_stream(doomed));
    REQUIRE(store->delete_stream(other));
    REQUIRE(store->tombstone_stream(other, expected_version::no_stream()));
    store.reopen();
    for (const auto& stream : {doomed, other}) {
        CHECK(types(store->read_stream(stream)).empty());
        CHECK(store->stream_version(stream).value == 0);
        for (const auto expected :
             {expected_version::any(), expected_version::no_stream(), expected_version::stream_exists()})
            CHECK(refused(store->append(stream, expected, make_events(1))) == conflict_reason::tombstoned);
        CHECK(refused(store->tombstone_stream(stream)) == conflict_reason::tombstoned);
    }
}

STORE_TEST_CASE(store, "a removal in conflict changes nothing") {
    REQUIRE(store->append(doomed, expected_version::no_stream(), make_events(2)));
    CHECK(refused(store->delete_stream(other)) == conflict_reason::version);
    CHECK(refused(store->delete_stream(doomed, expected_version::exactly(version{1}))) == conflict_reason::version);
    CHECK(refused(store->truncate_stream(doomed, version{4})) == conflict_reason::version);
    CHECK(refused(store->tombstone_stream(doomed, expected_version::no_stream())) == conflict_reason::version);
    CHECK_THROWS_AS((void)store->delete_stream(stream_id{"stele-streams"}), stele::error);
    CHECK(types(store->read_all()).size() == 2);
}
