// A subscription that is destroyed by its own handler while its owner waits for it: the wait ends.

#include "contract/handlers/destroyed_owner.hpp"

#include <stele/eventstore/subscription.hpp>

#include <future>
#include <optional>

using namespace testing;
using namespace testing::destroyed;

STORE_TEST_CASE(store, "a subscription destroyed by its handler while the owner waits for it") {
    REQUIRE(store->append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(3)));
    for (const bool has_position : {false, true}) {
        std::optional<stele::subscription> subscription;
        std::promise<void> begun;
        auto ready = begun.get_future();
        const auto owner = gettid();
        subscription.emplace(stele::subscribe(*store, {}, [&](const stele::recorded_event& event) {
            if (event.position != position{1}) return;
            ready.get();
            expect_sleeping(owner);
            subscription.reset();
        }));
        begun.set_value();
        if (has_position)
            CHECK(subscription->wait_for(position{99}, for_ever).error().ended);
        else
            subscription->wait();
        CHECK_FALSE(subscription);
    }
}
