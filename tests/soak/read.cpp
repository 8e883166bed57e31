#include "soak/place.hpp"
#include "soak/sums.hpp"

#include <stele/eventstore/subscription.hpp>

#include <fmt/format.h>

#include <random>
#include <thread>

namespace soak {
namespace {

constexpr std::chrono::milliseconds look_again{50};

}  // namespace

void follow(const place& here, std::uint64_t seed) {
    auto store = here.open();
    // Sometimes from the beginning, sometimes from where somebody else may have ended.
    const stele::position begin = seed % 2 == 0 ? stele::position{} : store.head();
    stele::position last = begin;
    stele::timestamp time;
    auto subscription = stele::subscribe(store, {.after = begin}, [&](const stele::recorded_event& event) {
        if (event.position <= last) here.fail(fmt::format("position {} after {}", event.position.value, last.value));
        if (event.recorded_at < time) here.fail(fmt::format("position {} is older than before", event.position.value));
        last = event.position;
        time = event.recorded_at;
    });
    while (!here.shared().is_over) {
        (void)subscription.wait_for(store.head(), look_again);
        if (subscription.failure()) {
            subscription.wait();  // throws it
        }
    }
}

void project(const place& here, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto store = here.open();
    stele::projection_runner runner{store, here.read_models()};
    runner.add<sums>();
    runner.add<sums_in_memory>();
    runner.start();
    while (!here.shared().is_over) {
        if (!runner.wait_for<sums>(store.head(), std::chrono::minutes{5})) here.fail("a projection does not follow");
        switch (random() % 6) {
            case 0: runner.rebuild<sums>(); break;
            case 1: runner.rebuild<sums>({.swap = false}), runner.swap_in<sums>(); break;
            case 2: runner.stop(), runner.start(); break;
            case 3: (void)runner.query<sums_in_memory>([](const sums_in_memory& all) { return all.count; }); break;
            default: std::this_thread::sleep_for(look_again);
        }
        for (const auto& status : runner.status())
            if (status.state == stele::projection_state::faulted) here.fail(status.message());
    }
}

void keep(const place& here, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto store = here.open();
    while (!here.shared().is_over) {
        std::this_thread::sleep_for(std::chrono::milliseconds{random() % 2000});
        if (random() % 4 == 0) {
            store.compact();
            continue;
        }
        const auto copy = here.path() / ("backup." + stele::uuid::v7().str());
        store.backup(copy);
        {
            const auto found = stele::sqlite_store::open(copy).verify();
            for (const auto& each : found.damage) here.fail("a backup: " + each);
        }
        for (const auto* const part : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(copy.string() + part);
    }
}

}  // namespace soak
