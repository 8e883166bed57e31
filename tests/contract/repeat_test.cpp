// The table in event_store.hpp: the answer to a repeated append, for each expected version.

#include "support/stores.hpp"

#include <string_view>

using stele::conflict_reason;
using stele::event_data;
using stele::expected_version;
using stele::stream_id;
using stele::version;

namespace {

using events = std::vector<event_data>;

std::string answer(stele::event_store& store, const stream_id& stream, expected_version expected, const events& batch) {
    const auto head = store.head();
    const auto result = store.append(stream, expected, batch);
    if (!result) {
        CHECK(store.head() == head);
        return result.error().reason == conflict_reason::event_id ? "event_id" : "version";
    }
    if (!result->repeated) return "appended";
    CHECK(store.head() == head);
    return "repeated " + std::to_string(result->version.value) + "@" + std::to_string(result->position.value);
}

// One line: the answers to any, none, some, exactly(0), exactly(the stream's version).
std::string answers(stele::event_store& store, const stream_id& stream, const events& batch) {
    const expected_version all[] = {expected_version::any(), expected_version::no_stream(),
                                    expected_version::stream_exists(), expected_version::exactly(version{0}),
                                    expected_version::exactly(store.stream_version(stream))};
    std::string line;
    for (const auto expected : all) line += (line.empty() ? "" : " | ") + answer(store, stream, expected, batch);
    return line;
}

events joined(const events& a, const events& b) {
    auto all = a;
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

}  // namespace

STORE_TEST_CASE(store, "every repeated append of the table, before and after a restart") {
    const stream_id stream{"account-1"};
    const stream_id elsewhere{"account-2"};
    const auto first = make_events(2);
    const auto later = make_events(1);
    const auto four = make_events(1);
    REQUIRE(store->append(stream, expected_version::no_stream(), first));
    store.reopen();

    const std::string same = "repeated 2@2 | repeated 2@2 | event_id | repeated 2@2 | event_id";
    const std::string other = "event_id | version | event_id | version | event_id";
    CHECK(answers(*store, stream, first) == same);
    CHECK(answers(*store, stream, {first[0]}) == other);
    CHECK(answers(*store, stream, {first[1]}) == other);
    CHECK(answers(*store, stream, {first[1], first[0]}) == other);
    CHECK(answers(*store, stream, joined(first, four)) == other);
    CHECK(answers(*store, stream, joined(four, first)) == other);

    REQUIRE(store->append(stream, expected_version::exactly(version{2}), later));
    store.reopen();
    CHECK(answers(*store, stream, first) == same);
    CHECK(answers(*store, stream, {first[1], later[0]}) == other);
    CHECK(answers(*store, stream, joined(first, later)) == other);
    CHECK(answers(*store, elsewhere, first) == "event_id | event_id | version | event_id | event_id");

    // An append that expected the stream to exist can be repeated with the same expectation, or with its exact version.
    CHECK(answer(*store, stream, expected_version::stream_exists(), later) == "repeated 3@3");
    CHECK(answer(*store, stream, expected_version::any(), later) == "repeated 3@3");
    CHECK(answer(*store, stream, expected_version::exactly(version{2}), later) == "repeated 3@3");
    CHECK(answer(*store, stream, expected_version::exactly(version{1}), later) == "version");
    CHECK(answer(*store, stream, expected_version::no_stream(), later) == "version");
    CHECK(store->head().value == 3);
}

STORE_TEST_CASE(
    store,
    "an append of which events were removed is not repeated, and the conflict does not say that it was another") {
    const stream_id stream{"account-1"};
    const auto first = make_events(2);
    REQUIRE(store->append(stream, expected_version::no_stream(), first));
    REQUIRE(store->truncate_stream(stream, version{2}));
    CHECK(answers(*store, stream, first) == "event_id | version | event_id | version | event_id");
    const auto again = store->append(stream, expected_version::any(), first);
    REQUIRE_FALSE(again);
    CHECK(again.error().message().ends_with(
        "one of the event ids is already stored, and this append does not repeat the one that stored it: that had "
        "other events, or expected another version, or some of its events were removed since"));

    // Of events that were all removed nothing is known.
    for (const auto expected :
         {expected_version::any(), expected_version::stream_exists(), expected_version::exactly(version{2})}) {
        const stream_id other{"account", std::to_string(store->head().value)};
        const auto gone = make_events(2);
        REQUIRE(store->append(other, expected_version::no_stream(), gone));
        REQUIRE(store->truncate_stream(other, version{3}));
        CHECK(answer(*store, other, expected_version::no_stream(), gone) == "version");
        CHECK(answer(*store, other, expected_version::exactly(version{0}), gone) == "version");
        CHECK(answer(*store, other, expected, gone) == "appended");
    }
}

STORE_TEST_CASE(store, "an append to several streams is repeated as a whole, and not in part") {
    const stream_id one{"account-1"};
    const stream_id two{"account-2"};
    const auto to_one = make_events(2);
    const auto to_two = make_events(1);
    const std::vector<stele::stream_write> writes{{one, expected_version::no_stream(), to_one},
                                                  {two, expected_version::any(), to_two}};
    const auto first = store->append(writes);
    REQUIRE(first);
    REQUIRE(first->size() == 2);
    CHECK((*first)[0].version.value == 2);
    CHECK((*first)[1].position.value == 3);
    store.reopen();

    const auto again = store->append(writes);
    REQUIRE(again);
    CHECK((*again)[0].repeated);
    CHECK((*again)[0].version.value == 2);
    CHECK((*again)[0].position.value == 2);
    CHECK((*again)[1].repeated);
    CHECK((*again)[1].position.value == 3);

    CHECK(answer(*store, one, expected_version::no_stream(), to_one) == "version");
    CHECK(answer(*store, two, expected_version::no_stream(), to_two) == "version");
    const std::vector<stele::stream_write> swapped{writes[1], writes[0]};
    CHECK_FALSE(store->append(swapped));
    CHECK(store->head().value == 3);
}

STORE_TEST_CASE(store, "an append to several streams is all or none, and the conflict names the stream that failed") {
    const stream_id one{"account-1"};
    const stream_id two{"account-2"};
    const stream_id three{"account-3"};
    REQUIRE(store->append(two, expected_version::no_stream(), make_events(1)));
    const auto a = make_events(2);
    const auto b = make_events(1);
    const auto c = make_events(1);
    const std::vector<stele::stream_write> writes{{one, expected_version::no_stream(), a},
                                                  {two, expected_version::exactly(version{5}), b},
                                                  {three, expected_version::no_stream(), c}};
    const auto refused = store->append(writes);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().stream == two);
    CHECK(refused.error().actual.value == 1);
    CHECK(store->head().value == 1);
    CHECK(store->stream_version(one).value == 0);
    CHECK(store->stream_version(three).value == 0);

    const std::vector<stele::stream_write> twice{{one, expected_version::any(), a}, {one, expected_version::any(), b}};
    CHECK_THROWS_WITH_AS(
        (void)store->append(twice),
        "append to stream 'account-1': the stream occurs twice in one append; put its events in one write",
        stele::error);
    CHECK_THROWS_AS((void)store->append(std::span<const stele::stream_write>{}), stele::error);
    CHECK(store->append(one, expected_version::no_stream(), a));
}

STORE_TEST_CASE(store, "an append that started a deleted stream again can be repeated, even after a restart") {
    const stream_id stream{"account-1"};
    const auto later = make_events(2);
    REQUIRE(store->append(stream, expected_version::no_stream(), make_events(3)));
    REQUIRE(store->delete_stream(stream));
    REQUIRE(store->append(stream, expected_version::no_stream(), later));
    for (int time = 0; time < 2; ++time) {
        CHECK(answer(*store, stream, expected_version::no_stream(), later) == "repeated 5@6");
        CHECK(answer(*store, stream, expected_version::any(), later) == "repeated 5@6");
        CHECK(answer(*store, stream, expected_version::exactly(version{3}), later) == "repeated 5@6");
        CHECK(answer(*store, stream, expected_version::exactly(version{2}), later) == "version");
        REQUIRE(store->append(stream, expected_version::stream_exists(), make_events(1)));
        CHECK(answer(*store, stream, expected_version::no_stream(), {later[0]}) == "version");
        store.reopen();
    }
}
