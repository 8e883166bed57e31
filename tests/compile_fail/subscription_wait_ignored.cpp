// first error: ignoring return value of
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/subscription.hpp>

int main() {
    stele::memory_store store;
    auto subscription = stele::subscribe(store, {}, [](const auto&) {});
    subscription.wait_for({1}, std::chrono::seconds{1});
}
