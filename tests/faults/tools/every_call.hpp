#pragma once

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

/// Every call of the library, to be made while something fails. For one program.
namespace every_call {

using namespace testing;
using namespace std::chrono_literals;

// Longer than any of the calls can take.
inline constexpr auto too_long = 60s;

/// Ends the program with the name of the call if one hangs.
class watchdog {
public:
    watchdog() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}
    void begins(const char* call, std::uint64_t nth) {
        const std::lock_guard lock(mutex_);
        call_ = call, nth_ = nth, ++steps_;
    }
    [[nodiscard]] const char* call() const { return call_; }
    [[nodiscard]] std::uint64_t nth() const { return nth_; }

private:
    void watch(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            const auto before = steps_;
            if (changed_.wait_for(lock, stop, too_long, [&] { return false; }) || stop.stop_requested()) return;
            if (before != steps_ || call_ == nullptr) continue;
            std::fprintf(stderr, "%s hangs: STELE_FAULT=%llu\n", call_, static_cast<unsigned long long>(nth_));
            std::_Exit(1);
        }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    const char* call_ = nullptr;
    std::uint64_t nth_ = 0;
    std::uint64_t steps_ = 0;
    std::jthread thread_;
};
inline watchdog* watching = nullptr;

[[noreturn]] inline void report_end() {
    std::fprintf(stderr, "%s ends the program: STELE_FAULT=%llu\n", watching->call(),
                 static_cast<unsigned long long>(watching->nth()));
    std::_Exit(1);
}

inline const stele::stream_id stream{"counter-1"};
inline const auto any = stele::expected_version::any();

inline std::vector<stele::event_data> two_events() {
    return {stele::encode(incremented(1)), stele::encode(incremented(2))};
}

/// In memory, without snapshots: Protobuf's maps do not survive a failed allocation.
struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::vector<std::int64_t> steps;
    void project(const Incremented& event, const stele::recorded_event&) { steps.push_back(event.by()); }
};

/// What the calls work on. It stays the same for all faults of a call.
struct world {
    explicit world(stele::event_store& s) : store(s) {
        if (store.head().value == 0) append(store, 1, opened());
        if (!store.append(stream, any, two_events())) throw std::logic_error("it does not begin");
    }

    stele::event_store& store;
    stele::sqlite_store* sqlite = dynamic_cast<stele::sqlite_store*>(&store);
    temp_dir directory;
    stele::command_bus<counter> bus{store};
    stele::repository<counter> counters{store};
    transfer_bus transfers{store};
};

struct call {
    const char* name;
    /// Returns how many events it has appended. Other threads count those of theirs in `acknowledged`.
    std::function<std::uint64_t(world&)> perform;
    /// What it appends is not known: it may have done a part before it threw.
    bool has_parts = false;
};

inline std::atomic<std::uint64_t> acknowledged;

inline std::uint64_t append_from_threads(world& w) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&w, i] {
            try {
                const auto events = two_events();
                if (i == 0) {
                    if (w.store.append_async(stream, any, events).get()) acknowledged += 2;
                } else if (w.store.append(stream, any, events)) {
                    acknowledged += 2;
                }
            } catch (const std::exception&) {
                return;  // not appended
            }
        });
    return 0;
}

inline std::uint64_t subscribe_and_wait(world& w) {
    std::atomic<std::uint64_t> seen = 0;
    auto subscription = stele::subscribe(w.store, {}, [&](const auto&) { ++seen; });
    const auto reached = subscription.wait_for(w.store.head(), std::chrono::milliseconds::max());
    if (reached && seen < 3) throw std::logic_error("events are missing");
    if (!reached && !reached.error().failure) throw std::logic_error("it ended without an error");
    return 0;
}

inline void check_failure(bool is_told) {
    if (!is_told) throw std::logic_error("a wait failed without an error");
}

inline std::vector<call> store_calls() {
    return {
        {"append", [](world& w) { return w.store.append(stream, any, two_events()) ? 2 : 0; }},
        {"append to two streams",
         [](world& w) {
             const auto events = two_events();
             const auto more = two_events();
             const stele::stream_write writes[] = {{stele::stream_id{"new", stele::uuid::v7().str()}, any, events},
                                                   {stream, any, more}};
             return w.store.append(writes) ? 4 : 0;
         }},
        {"append with documents",
         [](world& w) {
             const auto events = two_events();
             const stele::stream_write write{stream, any, events};
             const std::vector<stele::document_write> documents{{.kind = "k", .key = "a", .value = "1"}};
             return w.store.append(std::span(&write, 1), documents) ? 2 : 0;
         }},
        {"append_async", [](world& w) { return w.store.append_async(stream, any, two_events()).get() ? 2 : 0; }},
        {"a conflict of append_async",
         [](world& w) {
             (void)w.store.append_async(stream, stele::expected_version::no_stream(), two_events()).get();
             return 0;
         }},
        {"appends of several threads", append_from_threads},
        {"read",
         [](world& w) {
             std::uint64_t count = 0;
             for (const auto& event : w.store.read_all().events()) count += event.position.value > 0 ? 1 : 0;
             if (count < 3) throw std::logic_error("events are missing");
             return 0;
         }},
        {"filtered read",
         [](world& w) {
             std::uint64_t count = 0;
             const stele::event_query filter{.categories = {"counter"}, .types = {"testing.Incremented"}};
             for (const auto& batch : w.store.read_all({.limit = 2, .filter = filter})) count += batch.size();
             if (count > w.store.head().value) throw std::logic_error("events are read twice");
             return 0;
         }},
        {"wait_for_append", [](world& w) { return (void)w.store.wait_for_append({}, 1ms, {}), 0; }},
        {"subscribe", subscribe_and_wait},
        {"truncate_stream", [](world& w) { return w.store.truncate_stream(stream, {2}, any) ? 1 : 0; }},
        {"delete_stream", [](world& w) { return w.store.delete_stream(stele::stream_id{"gone-1"}, any) ? 1 : 0; }},
        {"compact", [](world& w) { return w.sqlite != nullptr ? w.sqlite->compact() : void(), 0; }},
        {"backup",
         [](world& w) {
             if (w.sqlite == nullptr) return 0;
             const auto to = w.directory / ("copy-" + stele::uuid::v7().str());
             w.sqlite->backup(to);
             (void)stele::sqlite_store::open(to);
             return 0;
         }},
        {"open a second time",
         [](world& w) {
             if (w.sqlite == nullptr) return 0;
             const auto second = stele::sqlite_store::open(w.directory / "second.db");
             return 0;
         }},
    };
}

inline std::vector<call> calls_above() {
    return {
        {"send", [](world& w) { return w.bus.send(increment("1", 1)) ? 1 : 0; }},
        {"send with a key",
         [](world& w) { return w.bus.send(increment("1", 1), {.idempotency_key = stele::uuid::v7()}) ? 1 : 0; }},
        {"dispatch",
         [](world& w) { return w.bus.dispatch("testing.Increment", increment("1", 1).SerializeAsString()) ? 1 : 0; }},
        {"load", [](world& w) { return (void)w.counters.load("1"), 0; }},
        {"catch_up of projections",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<totals>(), runner.add<sum>();
             runner.catch_up();
             return runner.query<sum>([](const sum& s) { return s.steps.empty() ? 1 : 0; });
         }},
        {"start and stop of projections",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<totals>(), runner.add<sum>();
             runner.start();
             const auto reached = runner.wait_for<totals>(w.store.head(), std::chrono::milliseconds::max());
             check_failure(reached || !reached.error().status.last_error.empty());
             runner.stop();
             return 0;
         }},
        {"rebuild",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<totals>();
             runner.rebuild<totals>();
             return 0;
         }},
        {"catch_up of processes",
         [](world& w) {
             stele::process_runner runner{w.store};
             runner.add<transfer_process>(w.transfers);
             runner.catch_up();
             return 0;
         },
         true},
        {"start and stop of processes",
         [](world& w) {
             stele::process_runner runner{w.store};
             runner.add<transfer_process>(w.transfers);
             runner.start();
             const auto reached = runner.wait_for<transfer_process>(w.store.head(), std::chrono::milliseconds::max());
             check_failure(reached || runner.failure<transfer_process>());
             runner.stop();
             return 0;
         },
         true},
        {"inline projections",
         [](world& w) {
             if (w.sqlite == nullptr) return 0;
             stele::inline_projections applied{*w.sqlite};
             if (applied.status().empty()) applied.add<labels>();
             return w.store.append(stream, any, two_events()) ? 2 : 0;
         }},
    };
}

/// Watches from now on for a call that hangs or ends the program.
inline void watch() {
    static watchdog dog;
    watching = &dog;
    std::set_terminate(report_end);
}

}  // namespace every_call
