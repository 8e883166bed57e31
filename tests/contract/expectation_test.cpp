// What an append expects of streams that it does not write to.

#include "support/errors.hpp"
#include "support/stores.hpp"

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using stele::conflict_reason;
using stele::expected_version;
using stele::stream_id;
using stele::version;

namespace {

const stream_id seen{"rate-eur"};

// Appends one event to another stream, if `seen` is where it is expected.
stele::append_all_outcome append_if(stele::event_store& store, expected_version expected,
                                    std::span<const stele::event_data> events) {
    const std::array writes{stele::stream_write{stream_id{"order-1"}, expected_version::any(), events}};
    const std::vector<stele::append_condition> expectations{stele::stream_expectation{seen, expected}};
    return store.append(writes, {}, expectations);
}

}  // namespace

STORE_TEST_CASE(store, "an append is stored exactly if the other streams are where it expects them") {
    // What was done to the stream, and which expectations hold then.
    struct step {
        std::function<void()> happens;
        bool any, no_stream, exists, exactly_2;
        conflict_reason reason;
    };
    const std::vector<step> steps{
        {[] {}, true, true, false, false, conflict_reason::version},
        {[&] { REQUIRE(store->append(seen, expected_version::any(), make_events(2))); }, true, false, true, true,
         conflict_reason::version},
        {[&] { REQUIRE(store->truncate_stream(seen, version{3})); }, true, false, true, true, conflict_reason::version},
        {[&] { REQUIRE(store->delete_stream(seen)); }, true, true, false, false, conflict_reason::deleted},
        {[&] { REQUIRE(store->tombstone_stream(seen, expected_version::no_stream())); }, true, true, false, false,
         conflict_reason::tombstoned},
    };
    for (const auto& each : steps) {
        each.happens();
        for (const auto& [expected, holds] : {std::pair{expected_version::any(), each.any},
                                              {expected_version::no_stream(), each.no_stream},
                                              {expected_version::stream_exists(), each.exists},
                                              {expected_version::exactly(version{2}), each.exactly_2}}) {
            CAPTURE(expected.str());
            const auto before = store->head();
            const auto outcome = append_if(*store, expected, make_events(1));
            CHECK(outcome.has_value() == holds);
            CHECK(store->head().value == before.value + (holds ? 1 : 0));
            if (outcome) continue;
            CHECK(outcome.error().stream == seen);
            CHECK(outcome.error().expected == expected);
            CHECK(outcome.error().reason == each.reason);
        }
    }
}

STORE_TEST_CASE(store, "an expectation sees truncations that the caller has not") {
    REQUIRE(store->append(seen, expected_version::any(), make_events(3)));
    REQUIRE(store->truncate_stream(seen, version{2}));
    const auto expected = expected_version::exactly(version{3});
    CHECK(append_if(*store, expected.nothing_removed_after(version{1}), make_events(1)));
    const auto outcome = append_if(*store, expected.nothing_removed_after(version{0}), make_events(1));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().reason == conflict_reason::removed);
}

STORE_TEST_CASE(store, "an append that was stored is repeated, though what it expected is no longer so") {
    const auto events = make_events(1);
    const auto first = append_if(*store, expected_version::no_stream(), events);
    REQUIRE(first);
    REQUIRE(store->append(seen, expected_version::any(), make_events(1)));
    const auto again = append_if(*store, expected_version::no_stream(), events);
    REQUIRE(again);
    CHECK(again->front().repeated);
    CHECK(again->front().position == first->front().position);
}

STORE_TEST_CASE(store, "documents alone may depend on a stream") {
    const std::array documents{stele::document_write{.kind = "test", .key = "k", .value = "v"}};
    const std::vector<stele::append_condition> expectations{
        stele::stream_expectation{seen, expected_version::stream_exists()}};
    CHECK_FALSE(store->append({}, documents, expectations));
    CHECK_FALSE(store->find_document("test", "k"));
    REQUIRE(store->append(seen, expected_version::any(), make_events(1)));
    CHECK(store->append({}, documents, expectations));
    CHECK(store->find_document("test", "k"));
}

STORE_TEST_CASE(store, "an append expects something of each stream once, and writes something") {
    const auto events = make_events(1);
    const std::array writes{stele::stream_write{seen, expected_version::any(), events}};
    const stele::stream_expectation of_seen{seen, expected_version::any()};
    const stele::stream_expectation of_other{stream_id{"a-1"}, expected_version::any()};
    const auto twice = [&](std::span<const stele::stream_write> to_write,
                           std::initializer_list<stele::append_condition> expected) {
        const auto refused = testing::error_of([&] { (void)store->append(to_write, {}, std::vector(expected)); });
        CHECK(refused.kind == stele::error_kind::invalid_argument);
        return refused.message;
    };
    CHECK(twice(writes, {of_seen}).contains("'rate-eur'"));
    CHECK(twice(writes, {of_other, of_other}).contains("'a-1'"));
    CHECK(twice({}, {of_other}).contains("nothing to write"));
    CHECK(store->head().value == 0);
}
