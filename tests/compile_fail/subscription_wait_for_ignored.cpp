// first error: ignoring return value of
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <chrono>

void use(stele::subscription_runner& runner) {
    runner.wait_for("listener", {}, std::chrono::seconds{1});
}
