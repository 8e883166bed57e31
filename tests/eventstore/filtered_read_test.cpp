// What a filtered read costs and how it ends, apart from what it returns (filter_test.cpp).

#include "support/stores.hpp"

#include <stele/eventstore/detail/stop_scope.hpp>
#include <stele/eventstore/subscription.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <stop_token>

using stele::expected_version;
using stele::stream_id;
using stele::detail::stop_scope;

namespace {

// Counts the steps of SQLite's virtual machine, in thousands, on every connection that is opened while it lives.
class step_counter {
public:
    step_counter() {
        steps = 0;
        REQUIRE(sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)) == SQLITE_OK);
    }
    step_counter(const step_counter&) = delete;
    step_counter& operator=(const step_counter&) = delete;
    ~step_counter() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch)); }

    template <class Work>
    static std::int64_t of(const Work& work) {
        const auto before = steps.load();
        work();
        return steps - before;
    }

private:
    static int watch(sqlite3* db, char** /*message*/, const void* /*api*/) {
        sqlite3_progress_handler(db, 1000, [](void*) { return static_cast<int>(++steps < 0); }, nullptr);
        return SQLITE_OK;
    }
    static inline std::atomic<std::int64_t> steps = 0;
};

// 40 000 events of 400 streams.
void fill(stele::event_store& store) {
    for (int i = 0; i < 400; ++i)
        REQUIRE(
            store.append(stream_id("account", fmt::format("{:04}", 7 * i)), expected_version::any(), make_events(100)));
}

std::size_t count(stele::event_store& store, const stele::event_filter& filter) {
    std::size_t found = 0;
    for (const auto& batch : store.read_all({.filter = filter})) found += batch.size();
    return found;
}

}  // namespace

TEST_CASE("what a filter by many prefixes costs does not grow with prefixes times events") {
    const step_counter counter;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    stele::event_filter many;
    for (int i = 0; i < 3000; ++i) many.stream_prefixes.push_back(fmt::format("account-{:04}", i));
    const auto unfiltered = step_counter::of([&] { CHECK(count(store, {}) == 40'000); });
    const auto many_steps = step_counter::of([&] { CHECK(count(store, many) == 40'000); });
    CHECK(unfiltered > 0);
    CHECK(many_steps < 10 * unfiltered);  // were they looked up for each event, it would be some thousand times
}

TEST_CASE("a filtered read ends when it is stopped, other reads are not touched") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    const stele::event_filter none{.categories = {"nothing", "accounts"}, .types = {"test.Happened"}};
    REQUIRE(store.append(stream_id{"accounts-1"}, expected_version::any(), make_events(9000)));
    std::stop_source stop;
    const stop_scope outer(stop.get_token());
    CHECK(count(store, none) == 9000);
    stop.request_stop();
    CHECK_THROWS_AS(count(store, none), stele::detail::stopped);
    CHECK(count(store, {}) == 49'000);
    const stop_scope inner({});
    CHECK(count(store, none) == 9000);
}

TEST_CASE("a subscription that is stopped ends without an error, and its handler's own reads are complete") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    REQUIRE(store.append(stream_id{"accounts-1"}, expected_version::any(), make_events(9000)));
    std::atomic<std::size_t> found = 0;
    std::stop_source stop;
    auto subscription = stele::subscribe(
        store, {.filter = {.categories = {"accounts"}}},
        [&](const stele::recorded_event&) {
            stop.request_stop();
            found = count(store, {.categories = {"accounts"}});
        },
        stop.get_token());
    subscription.wait();
    CHECK(found == 9000);
    CHECK(!subscription.failure());
}
