// A projection in memory whose project() throws half way: nobody sees what it had changed until then.

#include "support/projections.hpp"
#include "support/some_positions.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <rapidcheck.h>

#include <atomic>
#include <numeric>
#include <set>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;

namespace {

/// Two numbers that are equal between two events.
struct pair_of_sums {
    static constexpr auto name = "pair_of_sums";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    using snapshot_type = Incremented;
    static constexpr auto snapshot_policy = stele::snapshot_never();

    std::int64_t first = 0;
    std::int64_t second = 0;

    void project(const Incremented& event, const stele::recorded_event& at) {
        first += event.by();
        if (before_projecting) before_projecting(at);
        second += event.by();
    }
    [[nodiscard]] Incremented snapshot() const { return incremented(first); }
    void restore(const Incremented& saved) { first = second = saved.by(); }
};

struct failing_at {
    explicit failing_at(std::set<std::uint64_t> positions) {
        before_projecting = [positions = std::move(positions)](const stele::recorded_event& event) {
            if (positions.contains(event.position.value)) throw std::runtime_error("half done");
        };
    }
    failing_at(const failing_at&) = delete;
    failing_at& operator=(const failing_at&) = delete;
    ~failing_at() { before_projecting = nullptr; }
};

// The sum after some event, or -1 if the two differ.
std::int64_t sum_in(const projection_runner& runner) {
    return runner.query<pair_of_sums>([](const auto& now) { return now.first == now.second ? now.first : -1; });
}

}  // namespace

STORE_TEST_CASE(store, "after project() threw, a query sees the state before that event") {
    for (const bool has_snapshot : {false, true}) {
        CAPTURE(has_snapshot);
        const temp_dir directory;
        projection_runner runner{*store, directory.path};
        runner.add<pair_of_sums>();
        const auto before = store->head().value;
        append(*store, 1, incremented(3));
        if (has_snapshot) {
            runner.catch_up();
            runner.take_snapshot<pair_of_sums>();
        }
        append(*store, 1, incremented(4));
        append(*store, 1, incremented(5));
        const auto sum_before = has_snapshot ? 12 : 0;  // from the first round
        {
            const failing_at fault{{before + 3}};
            CHECK(error_of([&] { runner.catch_up(); }).says("half done"));
            CHECK(sum_in(runner) == sum_before + 7);
            CHECK(sum_in(runner) == sum_before + 7);
            CHECK(error_of([&] { runner.catch_up(); }).says("half done"));
            runner.take_snapshot<pair_of_sums>();
            CHECK(sum_in(runner) == sum_before + 7);
        }
        runner.catch_up();
        CHECK(sum_in(runner) == sum_before + 12);
    }
}

STORE_TEST_CASE(store, "if the state cannot be folded again, the query throws instead of showing it") {
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<pair_of_sums>();
    append(*store, 1, incremented(1));
    append(*store, 1, incremented(2));
    {
        const failing_at fault{{2}};
        CHECK_THROWS(runner.catch_up());
    }
    {
        const failing_at fault{{1}};  // it took this one before
        const auto failure = error_of([&] { static_cast<void>(sum_in(runner)); });
        CHECK(failure.kind == error_kind::handler_failed);
        CHECK(failure.says("projection pair_of_sums (in memory) failed at position 1"));
    }
    CHECK(sum_in(runner) == 1);
}

TEST_CASE("whichever events fail, in the background too, a query sees a state between two events") {
    CHECK(rc::check("", [] {
        const auto count = *rc::gen::inRange<std::uint64_t>(1, 20);
        const auto bad = some_positions(count);
        const auto batch = *rc::gen::inRange<std::size_t>(1, 8);
        const bool in_background = *rc::gen::arbitrary<bool>();
        stele::memory_store store;
        for (std::uint64_t i = 0; i < count; ++i) append(store, 1, incremented(1));
        const temp_dir directory;
        projection_runner runner{store, directory.path, {.batch_events = batch, .attempts = 2, .first_backoff = 1ms}};
        runner.add<pair_of_sums>();
        const auto reached = static_cast<std::int64_t>(bad.empty() ? count : *bad.begin() - 1);
        {
            const failing_at fault{bad};
            std::atomic<bool> is_over = false;
            std::atomic<bool> was_half_done = false;
            std::jthread reader{[&] {
                while (!is_over)
                    if (sum_in(runner) < 0) was_half_done = true;
            }};
            if (in_background) {
                runner.start();
                RC_ASSERT(runner.wait_for<pair_of_sums>(store.head(), 1min).has_value() == bad.empty());
            } else {
                try {
                    runner.catch_up();
                    RC_ASSERT(bad.empty());
                } catch (const stele::error&) {
                    RC_ASSERT(!bad.empty());
                }
            }
            is_over = true;
            reader.join();
            RC_ASSERT(!was_half_done);
            RC_ASSERT(sum_in(runner) == reached);
            runner.stop();
        }
        runner.catch_up();
        RC_ASSERT(sum_in(runner) == static_cast<std::int64_t>(count));
    }));
}

TEST_CASE("many events are read on another thread: after a read that fails, the next one goes on there") {
    constexpr std::uint64_t count = 400;
    stele::memory_store inner{{.read_batch_events = 20}};
    for (std::uint64_t i = 0; i < count; ++i) append(inner, 1, incremented(1));
    spy_store store{inner};
    for (const bool in_background : {false, true}) {
        CAPTURE(in_background);
        const auto here = std::this_thread::get_id();
        std::atomic<bool> is_read_here = false;
        store.on_read_all = [&](const stele::recorded_event& event) {
            // What is read to tell how far it is behind comes after the checkpoint.
            if (event.position < position{200} && std::this_thread::get_id() == here) is_read_here = true;
            if (event.position == position{251}) throw stele::error{error_kind::io, "the disk is gone"};
        };
        std::vector<std::uint64_t> seen;
        before_projecting = [&](const stele::recorded_event& event) { seen.push_back(event.position.value); };
        const temp_dir directory;
        projection_runner runner{store, directory.path, {.batch_events = 10, .attempts = 2, .first_backoff = 1ms}};
        runner.add<pair_of_sums>();
        const auto load = [&](position target) {
            if (!in_background) return runner.catch_up() >= target;
            runner.start();
            return runner.wait_for<pair_of_sums>(target, 1min).has_value();
        };
        if (in_background)
            CHECK_FALSE(load({count}));
        else
            CHECK(error_of([&] { load({count}); }).kind == error_kind::io);
        CHECK(runner.status().front().last_error.find("the disk is gone") != std::string::npos);
        runner.stop();
        CHECK(sum_in(runner) == 240);
        CHECK_FALSE(is_read_here);

        store.on_read_all = [](const auto&) {};
        CHECK(load({count}));
        for (int i = 0; i < 100; ++i) append(inner, 1, incremented(1));
        CHECK(load(inner.head()));
        runner.stop();
        before_projecting = nullptr;
        CHECK(sum_in(runner) == static_cast<std::int64_t>(inner.head().value));
        std::vector<std::uint64_t> all(inner.head().value);
        std::iota(all.begin(), all.end(), 1);
        CHECK(seen == all);
    }
}
