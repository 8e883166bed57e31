// Projections that are updated on the runner's own threads.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <atomic>
#include <latch>
#include <limits>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::projection_runner;
using stele::projection_state;

namespace {

// Nothing waits this long unless it is broken.
constexpr auto for_ever = std::chrono::milliseconds::max();
const stele::projection_runner_options quick{.first_backoff = 1ms};

// While it lives, projecting fails when `fails` returns true.
struct failing {
    explicit failing(std::function<bool(const stele::recorded_event&)> fails) {
        before_projecting = [fails = std::move(fails)](const stele::recorded_event& event) {
            if (fails(event)) throw std::runtime_error("the disk of the mind is full");
        };
    }
    failing(const failing&) = delete;
    failing& operator=(const failing&) = delete;
    ~failing() { before_projecting = nullptr; }
};

stele::projection_status status_of(const projection_runner& runner, std::string_view name) {
    for (auto& each : runner.status()) {
        CHECK(each.seen == each.applied + each.ignored + each.dead_lettered);
        if (each.name == name) return each;
    }
    FAIL("there is no such projection");
    return {};
}

std::int64_t changes_of(const std::filesystem::path& directory, const std::string& counter) {
    auto db = stele::read_model::open_read_only(directory / "totals.db");
    const auto row = db.query_one<std::int64_t>("SELECT changes FROM totals WHERE counter = ?1", counter);
    return row ? std::get<0>(*row) : -1;
}

}  // namespace

STORE_TEST_CASE(store, "waiting for the position of an append reads your own write") {
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<totals>();
    runner.add<labels>();
    runner.start();

    constexpr int threads = 16;
    std::latch begin(threads);
    std::atomic<int> early = 0;
    std::atomic<int> late = 0;
    {
        std::vector<std::jthread> all;
        for (int id = 0; id < threads; ++id)
            all.emplace_back([&, id] {
                const stele::stream_id stream{"counter", std::to_string(id)};
                begin.arrive_and_wait();
                for (int n = 0; n < 8; ++n) {
                    const std::vector events{n == 0 ? stele::encode(opened("x")) : stele::encode(incremented(1))};
                    const auto done = store->append(stream, stele::expected_version::any(), events);
                    if (!runner.wait_for<totals>(done->position, for_ever)) ++late;
                    if (changes_of(directory.path, std::to_string(id)) < n) ++early;
                }
            });
    }
    CHECK(early == 0);
    CHECK(late == 0);
    CHECK(runner.wait_for<labels>(store->head(), for_ever) == store->head());
    runner.stop();
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
    CHECK(status_of(runner, "totals").applied == 16 * 8);
    CHECK(status_of(runner, "labels").ignored == 16 * 7);
}

STORE_TEST_CASE(store, "a projection that fails for a while is retried") {
    const temp_dir directory;
    append_some(*store, 50);
    projection_runner runner{*store, directory.path, quick};
    runner.add<totals>();
    {
        const failing for_a_while([failures = 0](const auto&) mutable { return ++failures <= 4; });
        runner.start();
        CHECK(runner.wait_for<totals>(position{50}, for_ever));
        runner.stop();
    }
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
    const auto status = status_of(runner, "totals");
    CHECK(status.last_error.find("the disk of the mind is full") != std::string::npos);
    CHECK(status.seen == 50);
}

STORE_TEST_CASE(store, "a faulted projection stops, wakes its waiters, and delays no other") {
    const temp_dir directory;
    append_some(*store, 50);
    projection_runner runner{*store, directory.path, {.batch_events = 7, .attempts = 3, .first_backoff = 1ms}};
    runner.add<totals>();
    runner.add<labels>();
    std::atomic<int> attempts = 0;
    {
        const failing always([&](const auto& event) { return event.position.value >= 30 && ++attempts > 0; });
        runner.start();
        const auto seen = runner.wait_for<totals>(position{50}, for_ever);
        REQUIRE_FALSE(seen);
        CHECK(seen.error().status.state == projection_state::faulted);
        CHECK(seen.error().status.checkpoint.value < 30);
        CHECK(seen.error().message().find("has not reached position 50; it is faulted") != std::string::npos);
        CHECK(seen.error().message().find("failed at position 3") != std::string::npos);
        CHECK(seen.error().message().find("the disk of the mind is full") != std::string::npos);
        CHECK(attempts == 3);
        CHECK(runner.wait_for<labels>(position{50}, for_ever));
        append(*store, 99, opened("later"));
        CHECK(runner.wait_for<labels>(position{51}, for_ever));
        CHECK(status_of(runner, "totals").state == projection_state::faulted);
        runner.stop();
        CHECK(status_of(runner, "totals").state == projection_state::faulted);
        CHECK(status_of(runner, "labels").state == projection_state::stopped);
    }
    runner.start();
    CHECK(runner.wait_for<totals>(position{51}, for_ever));
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
}

STORE_TEST_CASE(store, "a wait that ends early says why") {
    const temp_dir directory;
    append_some(*store, 5);
    projection_runner runner{*store, directory.path};
    runner.add<totals>();
    const auto stopped = runner.wait_for<totals>(position{5}, 1ms);
    REQUIRE_FALSE(stopped);
    CHECK(
        stopped.error().message() ==
        "projection totals has not reached position 5; it is stopped, at 0 of 5 (5 behind); call start() or catch_up() "
        "to run it");
    CHECK(stopped.error().status.lag_time > 0us);

    runner.start();
    CHECK(runner.wait_for<totals>(position{5}, for_ever) == position{5});
    const auto future = runner.wait_for<totals>(position{6}, 1ms);
    REQUIRE_FALSE(future);
    CHECK(future.error().status.lag_events == 0);
    CHECK(error_of([&] { static_cast<void>(runner.wait_for("nobody", position{1}, 1ms)); }).says("nobody"));

    // It runs until it is stopped, and not after that.
    append(*store, 1, incremented(1));
    CHECK(runner.wait_for<totals>(position{6}, for_ever));
    runner.stop();
    append(*store, 1, incremented(1));
    CHECK(status_of(runner, "totals").lag_events == 1);
    CHECK(runner.catch_up() == position{7});
    CHECK(runner.wait_for<totals>(position{7}, 0ms));
}

STORE_TEST_CASE(store, "a position whose event was removed is reached too") {
    const temp_dir directory;
    append_some(*store, 20);
    const stele::stream_id stream{"counter-77"};
    const std::vector events{stele::encode(opened("gone")), stele::encode(incremented(1))};
    const auto last = store->append(stream, stele::expected_version::no_stream(), events);
    REQUIRE(last);
    REQUIRE(store->delete_stream(stream));
    projection_runner runner{*store, directory.path};
    runner.add<totals>();
    runner.start();
    CHECK(runner.wait_for<totals>(last->position, for_ever));
    CHECK(runner.wait_for<totals>(store->head(), for_ever));
}

TEST_CASE("a rebuild during appends and queries fails no query and loses nothing") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    append_some(store, 300);
    projection_runner runner{store, directory / "read", {.batch_events = 50}};
    runner.add<totals>();
    runner.start();
    std::atomic<bool> over = false;
    std::atomic<int> queries = 0;
    std::atomic<int> went_back = 0;
    {
        std::vector<std::jthread> all;
        for (int id = 100; id < 104; ++id)
            all.emplace_back([&, id] {
                append(store, id, opened("x"));
                while (!over) append(store, id, incremented(1));
            });
        all.emplace_back([&] {
            auto db = stele::read_model::open_read_only(directory / "read" / "totals.db");
            std::int64_t seen = 0;
            while (!over) {
                const auto [sum] = db.query_one<std::int64_t>("SELECT coalesce(sum(changes), 0) FROM totals").value();
                if (sum < seen) ++went_back;
                seen = sum;
                ++queries;
            }
        });
        for (int i = 0; i < 3; ++i) runner.rebuild<totals>();
        while (queries == 0) std::this_thread::yield();
        over = true;
    }
    CHECK(went_back == 0);
    CHECK(runner.wait_for<totals>(store.head(), for_ever));
    CHECK(rows_of_totals(directory / "read") == fresh_replay(store));
}

TEST_CASE("projections are added before start() or after stop(), not between") {
    stele::memory_store store;
    append_some(store, 20);
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.start();
    const auto refused = error_of([&] { runner.add<labels>(); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says("the projection labels was added to a runner that is started"));
    CHECK(runner.status().size() == 1);
    runner.stop();
    runner.add<labels>();
    runner.start();
    CHECK(runner.wait_for<labels>(position{20}, for_ever));
}

TEST_CASE("start() takes up what is faulted, and leaves alone what runs") {
    stele::memory_store store;
    append_some(store, 20);
    const temp_dir directory;
    projection_runner runner{store, directory.path, {.threads = 1, .attempts = 1}};
    runner.add<labels>();
    runner.add<totals>();
    {
        const failing fault{[](const auto& event) { return event.position == position{3}; }};
        runner.start();
        CHECK_FALSE(runner.wait_for<totals>(position{20}, for_ever));
        CHECK(runner.wait_for<labels>(position{20}, for_ever));
    }
    // As long as this lasts, the only thread of the background cannot be ended.
    std::latch go_on{1};
    std::atomic<bool> in_step = false;
    before_projecting = [&](const auto&) {
        in_step = true;
        go_on.wait();
    };
    runner.start();
    while (!in_step) std::this_thread::yield();
    runner.start();
    CHECK(status_of(runner, "labels").state == projection_state::live);
    go_on.count_down();
    CHECK(runner.wait_for<totals>(position{20}, for_ever));
    runner.stop();
    before_projecting = nullptr;
}

TEST_CASE("a batch may be as large as a number can be") {
    const temp_dir directory;
    stele::memory_store store;
    for (const auto batch :
         {std::size_t{1}, std::numeric_limits<std::size_t>::max() - 1, std::numeric_limits<std::size_t>::max()}) {
        append_some(store, 10);
        projection_runner runner{store, directory.path, {.batch_events = batch}};
        runner.add<totals>();
        runner.catch_up();
        runner.rebuild<totals>();
        CHECK(status_of(runner, "totals").checkpoint == store.head());
    }
}

TEST_CASE("options that make no sense are refused") {
    const temp_dir directory;
    stele::memory_store store;
    CHECK(error_of([&] { projection_runner(store, directory.path, {.threads = 0}); }).says("threads"));
    CHECK(error_of([&] { projection_runner(store, directory.path, {.attempts = 0}); }).says("attempts"));
}
