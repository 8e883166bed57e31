// Conditions of an append: what must hold besides the versions of the streams that it writes to.

#include "support/errors.hpp"
#include "support/stores.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

using stele::append_condition;
using stele::conflict_reason;
using stele::document_expectation;
using stele::event_data;
using stele::event_query;
using stele::expected_version;
using stele::no_event;
using stele::position;
using stele::stream_id;

namespace {

event_data tagged(std::string type, stele::tag_list tags) {
    return {.type = std::move(type), .payload = "p", .tags = std::move(tags)};
}

// Appends an event that no condition below is about, if the query matches nothing after the position.
stele::append_outcome append_if(stele::event_store& store, event_query query, position after) {
    return store.append(stream_id{"other-1"}, expected_version::any(), std::vector{make_event("test.Other")},
                        {no_event{std::move(query), after}});
}

}  // namespace

STORE_TEST_CASE(store, "a query passes the events that have all it names") {
    REQUIRE(store->append(stream_id{"course-c1"}, expected_version::any(), tagged("a.Opened", {"course:c1"})));
    REQUIRE(store->append(stream_id{"course-c1"}, expected_version::any(),
                          tagged("a.Enrolled", {"course:c1", "student:s7"})));
    REQUIRE(store->append(stream_id{"student-s7"}, expected_version::any(), tagged("a.Renamed", {"student:s7"})));
    REQUIRE(store->append(stream_id{"plain-1"}, expected_version::any(), make_event("a.Opened")));
    struct row {
        event_query query;
        std::vector<std::uint64_t> positions;
    };
    const std::vector<row> rows{
        {{.tags = {"course:c1"}}, {1, 2}},
        {{.tags = {"student:s7"}}, {2, 3}},
        {{.tags = {"student:s7", "course:c1"}}, {2}},
        {{.tags = {"course:c"}}, {}},
        {{.tags = {"course:c1", "course:c2"}}, {}},
        {{.types = {"a.Opened"}, .tags = {"course:c1"}}, {1}},
        {{.types = {"a.Opened"}}, {1, 4}},
        {{.categories = {"student"}, .tags = {"student:s7"}}, {3}},
        {{.stream_prefixes = {"course-"}, .tags = {"student:s7"}}, {2}},
        {{.any_of = {{.tags = {"course:c1"}}, {.tags = {"student:s7"}}}}, {1, 2, 3}},
        {{.any_of = {{.types = {"a.Renamed"}}, {.streams = {"plain-1"}}}}, {3, 4}},
        {{.any_of = {{.types = {"a.Opened"}, .tags = {"course:c1"}}, {.categories = {"plain"}}}}, {1, 4}},
        {{.types = {"a.Opened", "a.Enrolled"}, .any_of = {{.tags = {"student:s7"}}, {.categories = {"plain"}}}},
         {2, 4}},
        {{.tags = {"course:c1"}, .any_of = {{.tags = {"student:s7"}}, {.types = {"a.Renamed"}}}}, {2}},
        {{}, {1, 2, 3, 4}},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        const auto& [query, expected] = rows[i];
        std::vector<std::uint64_t> found;
        for (const auto& event : store->read_all({.filter = query}).events()) found.push_back(event.position.value);
        CHECK(found == expected);
        found.clear();
        for (const auto& event : store->read_all({.direction = stele::direction::backward, .filter = query}).events())
            found.insert(found.begin(), event.position.value);
        CHECK(found == expected);
        CHECK(store->count_events({.filter = query}) == expected.size());
        // A condition sees the same events. It is checked without writing: nothing else would be the same next time.
        for (std::uint64_t after = 0; after <= 4; ++after) {
            CAPTURE(after);
            const std::array<append_condition, 1> conditions{no_event{query, {after}}};
            const std::array documents{stele::document_write{.kind = "test", .key = "k"}};
            const auto outcome = store->append({}, documents, conditions);
            const auto first = std::ranges::upper_bound(expected, after);
            CHECK(outcome.has_value() == (first == expected.end()));
            if (outcome || first == expected.end()) continue;
            CHECK(outcome.error().reason == conflict_reason::condition);
            CHECK(outcome.error().event->position.value == *first);
        }
    }
}

STORE_TEST_CASE(store, "the conflict names the first event that is in the way") {
    const auto after =
        store->append(stream_id{"course-c1"}, expected_version::any(), tagged("a.Opened", {"course:c1"}));
    REQUIRE(after);
    REQUIRE(store->append(stream_id{"course-c2"}, expected_version::any(), tagged("a.Enrolled", {"course:c2"})));
    REQUIRE(store->append(stream_id{"desk-1"}, expected_version::any(),
                          std::vector{make_event(), tagged("a.Enrolled", {"student:s7", "course:c1"})}));
    REQUIRE(store->append(stream_id{"desk-1"}, expected_version::any(), tagged("a.Left", {"course:c1"})));
    const auto refused = append_if(*store, {.tags = {"course:c1"}}, after->position);
    REQUIRE_FALSE(refused);
    const auto& conflict = refused.error();
    CHECK(conflict.reason == conflict_reason::condition);
    CHECK(conflict.stream.str() == "desk-1");
    CHECK(conflict.actual.value == 2);
    CHECK(conflict.event->position.value == 4);
    CHECK(conflict.event->type == "a.Enrolled");
    CHECK(conflict.event->tags == stele::tag_list{"course:c1", "student:s7"});
    CHECK(conflict.message() ==
          "a condition of the append rules out the event of type a.Enrolled at position 4 (stream 'desk-1', tags "
          "[course:c1, student:s7]); read again, and decide again");
    CHECK(store->head().value == 5);
    CHECK(append_if(*store, {.tags = {"course:c1"}}, store->head()));
    CHECK(append_if(*store, {.tags = {"course:c3"}}, {}));
}

STORE_TEST_CASE(store, "several conditions are checked in their order, together with versions") {
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), tagged("a.Opened", {"course:c1"})));
    REQUIRE(store->append(stream_id{"b-1"}, expected_version::any(), tagged("a.Opened", {"course:c2"})));
    const auto append = [&](expected_version expected, const std::vector<append_condition>& conditions) {
        return store->append(stream_id{"other-1"}, expected, std::vector{make_event("test.Other")}, conditions);
    };
    const no_event no_c1{{.tags = {"course:c1"}}, {}};
    const no_event no_c2{{.tags = {"course:c2"}}, {}};
    const no_event no_c3{{.tags = {"course:c3"}}, {}};
    const stele::stream_expectation a_at_2{stream_id{"a-1"}, expected_version::exactly({2})};
    CHECK(append(expected_version::any(), {no_c3, no_c2, no_c1}).error().event->position.value == 2);
    CHECK(append(expected_version::any(), {no_c3, no_c1, no_c2}).error().event->position.value == 1);
    CHECK(append(expected_version::any(), {a_at_2, no_c1}).error().reason == conflict_reason::version);
    CHECK(append(expected_version::any(), {no_c1, a_at_2}).error().reason == conflict_reason::condition);
    CHECK(append(expected_version::exactly({7}), {no_c1}).error().reason == conflict_reason::condition);
    CHECK(append(expected_version::exactly({7}), {no_c3}).error().reason == conflict_reason::version);
    CHECK(store->head().value == 2);
    CHECK(append(expected_version::no_stream(),
                 {no_c3, stele::stream_expectation{stream_id{"a-1"}, expected_version::exactly({1})}}));
}

STORE_TEST_CASE(store, "an append that is repeated stays repeated, whatever its condition says now") {
    const std::vector events{tagged("a.Enrolled", {"course:c1"}), tagged("a.Enrolled", {"course:c1"})};
    const std::vector<append_condition> conditions{no_event{{.tags = {"course:c1"}}, store->head()}};
    const auto first = store->append(stream_id{"course-c1"}, expected_version::any(), events, conditions);
    REQUIRE(first);
    CHECK_FALSE(first->repeated);
    const auto again = store->append(stream_id{"course-c1"}, expected_version::any(), events, conditions);
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->position == first->position);
    store.reopen();
    CHECK(store->append(stream_id{"course-c1"}, expected_version::any(), events, conditions)->repeated);
    // Another one is not.
    CHECK_FALSE(
        store->append(stream_id{"course-c1"}, expected_version::any(), std::vector{events.front()}, conditions));
    CHECK(store->head().value == 2);
}

STORE_TEST_CASE(store, "a removed event is not in the way") {
    REQUIRE(store->append(stream_id{"course-c1"}, expected_version::any(),
                          std::vector{tagged("a.Opened", {"course:c1"}), tagged("a.Left", {"course:c1"})}));
    REQUIRE(store->truncate_stream(stream_id{"course-c1"}, {2}));
    CHECK(append_if(*store, {.tags = {"course:c1"}}, {}).error().event->position.value == 2);
    REQUIRE(store->delete_stream(stream_id{"course-c1"}));
    CHECK(append_if(*store, {.tags = {"course:c1"}}, {}));
    CHECK(store->count_events({.filter = {.tags = {"course:c1"}}}) == 0);
}

STORE_TEST_CASE(store, "a position that the store does not have is of another store") {
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(3)));
    const auto refused = testing::error_of([&] { (void)append_if(*store, {.tags = {"course:c1"}}, {4}); });
    CHECK(refused.kind == stele::error_kind::other_store);
    CHECK(refused.says("after position 4, but the store ends at 3"));
    CHECK(store->head().value == 3);
    CHECK(append_if(*store, {.tags = {"course:c1"}}, {3}));
}

STORE_TEST_CASE(store, "an append may depend on the value of a document") {
    const auto append = [&](document_expectation expected, std::optional<std::string> to) {
        std::vector<stele::document_write> documents;
        if (to) documents.push_back({.kind = "claim", .key = "k", .value = *to});
        const auto events = make_events(1);
        const std::array writes{stele::stream_write{stream_id{"a-1"}, expected_version::any(), events}};
        const std::array<append_condition, 1> conditions{std::move(expected)};
        return store->append(writes, documents, conditions);
    };
    CHECK(append({"claim", "k", "1"}, {}).error().reason == conflict_reason::document);
    CHECK(append({"claim", "k"}, "1"));
    CHECK(append({"claim", "k"}, "2").error().reason == conflict_reason::document);
    CHECK(append({"claim", "k", "2"}, "3").error().reason == conflict_reason::document);
    CHECK(append({"claim", "k", "1"}, "2"));
    CHECK(append({"other", "k", "2"}, {}).error().reason == conflict_reason::document);
    CHECK(append({"claim", "k", "2"}, {}));
    CHECK(store->find_document("claim", "k")->value == "2");
    CHECK(store->head().value == 3);
}

STORE_TEST_CASE(store, "a condition that nothing can keep or break is refused") {
    const auto refusal = [&](append_condition condition) {
        const auto refused = testing::error_of(
            [&] { (void)store->append(stream_id{"a-1"}, expected_version::any(), make_events(1), {condition}); });
        CHECK(refused.kind == stele::error_kind::invalid_argument);
        const auto later = testing::error_of(
            [&] { (void)store->append_async(stream_id{"a-1"}, expected_version::any(), make_events(1), {condition}); });
        CHECK(later.message == refused.message);
        return refused.message;
    };
    CHECK(refusal(no_event{{.types = {""}}, {}}).contains("event type '': is empty"));
    CHECK(refusal(no_event{{.any_of = {{.categories = {"a-b"}}}}, {}}).contains("category 'a-b'"));
    CHECK(refusal(no_event{{.any_of = {{.types = {"a"}}, {}}}, {}}).contains("one of any_of names nothing"));
    CHECK(refusal(document_expectation{"", "k"}).contains("document kind"));
    CHECK(refusal(document_expectation{"claim", ""}).contains("the key has 0 bytes"));
    CHECK(refusal(stele::stream_expectation{stream_id{"a-1"}, expected_version::any()}).contains("twice"));
    CHECK(store->head().value == 0);
}
