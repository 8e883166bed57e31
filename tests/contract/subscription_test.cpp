// Subscriptions over every store: nothing twice, nothing missed, in order, across the seam.

#include "support/stores.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/subscription.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using stele::expected_version;
using stele::position;
using stele::stream_id;

namespace {

constexpr auto patience = std::chrono::milliseconds::max();

}  // namespace

STORE_TEST_CASE(store, "subscriptions that begin anywhere during appends see each event once, in order") {
    REQUIRE(store->append(stream_id{"hot-0"}, expected_version::any(), make_events(700)));
    constexpr std::uint64_t total = 700 + 4 * 100 * 2;
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w)
        writers.emplace_back([&, w] {
            for (int i = 0; i < 100; ++i)
                (void)store->append(stream_id("hot", std::to_string(w)), expected_version::any(), make_events(2));
        });
    std::atomic<int> disorder = 0;
    std::vector<std::uint64_t> counts(6);
    std::vector<stele::subscription> subscriptions;
    for (std::size_t s = 0; s < counts.size(); ++s) {
        const position after{s * 140};
        subscriptions.push_back(
            stele::subscribe(*store, {.after = after}, [&, s, next = after.value](const auto& e) mutable {
                if (e.position.value != ++next) ++disorder;
                ++counts[s];
            }));
    }
    for (std::size_t s = 0; s < counts.size(); ++s) {
        CHECK(subscriptions[s].wait_for(position{total}, patience));
        subscriptions[s].stop();
        subscriptions[s].wait();
        CHECK(counts[s] == total - s * 140);
    }
    CHECK(disorder == 0);
}

STORE_TEST_CASE(store, "a filtered subscription delivers the matches, and its position advances with the head") {
    std::atomic<int> seen = 0;
    auto subscription = stele::subscribe(*store, {.filter = {.types = {"test.Rare"}}}, [&](const auto& event) {
        CHECK(event.type == "test.Rare");
        ++seen;
    });
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(5)));
    CHECK(subscription.wait_for(position{5}, patience));
    CHECK(seen == 0);
    const std::vector rare{make_event("test.Rare")};
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), rare));
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(3)));
    CHECK(subscription.wait_for(position{9}, patience));
    CHECK(seen == 1);
    CHECK(subscription.position().value == 9);
}

STORE_TEST_CASE(store, "a subscription does not begin where the store has no events yet: it is another store") {
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(5)));
    bool called = false;
    auto refused = stele::subscribe(*store, {.after = position{6}}, [&](const auto&) { called = true; });
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(5)));
    REQUIRE(refused.failure() != nullptr);
    CHECK(stele::detail::kind_of(refused.failure()) == stele::error_kind::other_store);
    CHECK_THROWS_WITH_AS(refused.wait(), doctest::Contains("the store ends at 5"), stele::error);
    for (const std::uint64_t wanted : {1U, 6U, 10U}) {
        const auto waited = refused.wait_for(position{wanted}, patience);
        REQUIRE_FALSE(waited);
        CHECK(waited.error().ended);
        CHECK(waited.error().message().contains("it has failed: a subscription after position 6"));
    }
    CHECK_FALSE(called);
    const auto head = store->head();
    CHECK(stele::subscribe(*store, {.after = head}, [](const auto&) {}).position() == head);
}

STORE_TEST_CASE(store, "a handler that throws ends the subscription at that event, and the owner gets the error") {
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(5)));
    int handled = 0;
    auto subscription = stele::subscribe(*store, {}, [&](const stele::recorded_event& event) {
        if (event.position.value == 3) throw std::runtime_error("no threes");
        ++handled;
    });
    CHECK_THROWS_WITH_AS(subscription.wait(), "no threes", std::runtime_error);
    CHECK(subscription.failure() != nullptr);
    CHECK(subscription.position().value == 2);
    const auto waited = subscription.wait_for(position{3}, patience);
    REQUIRE_FALSE(waited);
    CHECK(waited.error().ended);
    CHECK(waited.error().reached.value == 2);
    CHECK(waited.error().message() == "the subscription is at position 2, waiting for 3; it has failed: no threes");
    CHECK(handled == 2);
}

STORE_TEST_CASE(store, "a subscription ends by its owner, by a stop token and by its handler") {
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(5)));
    std::stop_source outside;
    auto by_token = stele::subscribe(*store, {}, [](const auto&) {}, outside.get_token());
    CHECK(by_token.wait_for(position{5}, patience) == position{5});
    const auto too_early = by_token.wait_for(position{6}, std::chrono::milliseconds{1});
    REQUIRE_FALSE(too_early);
    CHECK_FALSE(too_early.error().ended);
    CHECK(too_early.error().message() == "the subscription is at position 5, waiting for 6");
    outside.request_stop();
    by_token.wait();
    CHECK(by_token.wait_for(position{6}, patience).error().message() ==
          "the subscription is at position 5, waiting for 6; it was stopped");
    CHECK(by_token.failure() == nullptr);

    std::stop_source inside;
    auto by_handler = stele::subscribe(
        *store, {},
        [&](const stele::recorded_event& event) {
            if (event.position.value == 2) inside.request_stop();
        },
        inside.get_token());
    by_handler.wait();
    CHECK(by_handler.position().value == 2);
    {
        auto dropped = stele::subscribe(*store, {}, [](const auto&) {});
    }
}

TEST_CASE("events of another process arrive") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        (void)stele::sqlite_store::open(file);
    }
    const auto child = ::fork();
    if (child == 0) {
        int status = 1;
        try {
            auto store = stele::sqlite_store::open(file);
            for (int i = 0; i < 50; ++i) (void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1));
            status = 0;
        } catch (const std::exception& failure) {
            std::fputs(failure.what(), stderr);
        }
        ::_exit(status);
    }
    auto store = stele::sqlite_store::open(file);
    std::uint64_t last = 0;
    auto subscription = stele::subscribe(store, {}, [&](const auto& event) { CHECK(event.position.value == ++last); });
    CHECK(subscription.wait_for(position{50}, patience));
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
}
