#pragma once

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

/// What tests of owners share that are destroyed by their own handlers.
namespace testing::destroyed {

using stele::position;
constexpr auto for_ever = std::chrono::milliseconds::max();

/// What the next handler of a kind does, once; any thread.
class handler_actions {
public:
    void set(const std::string& kind, std::function<void()> action) {
        const std::lock_guard lock(mutex_);
        actions_[kind] = std::move(action);
    }
    void run(const std::string& kind) {
        std::function<void()> action;
        {
            const std::lock_guard lock(mutex_);
            action = std::exchange(actions_[kind], nullptr);
        }
        if (action) action();
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::function<void()>> actions_;
};
inline handler_actions in_handler;
/// Whether projections and processes fail.
inline std::atomic<bool> is_broken = false;

/// A projection in tables; its handlers are "create" and "table".
struct table {
    static constexpr auto name = "table";
    static constexpr int version = 1;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE rows (n INTEGER)");
        in_handler.run("create");
    }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO rows VALUES (?1)", event.by());
        in_handler.run("table");
        if (is_broken) throw std::runtime_error("out of order");
    }
};

/// A projection in memory with an effect; its handlers are "memory" and "effect".
struct memory {
    static constexpr auto name = "memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) {
        sum += event.by();
        in_handler.run("memory");
    }
    static constexpr auto effects = hana::tuple_t<Incremented>;
    static void effect(const Incremented&, const stele::recorded_event&) { in_handler.run("effect"); }
};

/// A process; its handler is "react".
struct echo {
    static constexpr auto name = "echo";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyPut>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    static std::string instance_id(const MoneyPut&) { return "1"; }
    void evolve(const auto&) {}
    stele::reaction<echo> react(const MoneyPut&) const {
        in_handler.run("react");
        if (is_broken) throw std::runtime_error("out of order");
        return stele::reaction<echo>{}.send(close_wallet("none"));
    }
    stele::reaction<echo> react(const stele::rejected<CloseWallet>&) const { return {}; }
};

/// Returns when the thread waits for something.
inline void expect_sleeping(pid_t thread) {
    while (true) {
        std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
        std::string text;
        std::getline(file, text);
        if (const auto end = text.rfind(')'); end != std::string::npos && text.substr(end + 2, 1) == "S") return;
        std::this_thread::yield();
    }
}

/// The directory may be held until the last thread of the runner has ended.
inline void expect_free(stele::event_store& store, const std::filesystem::path& directory) {
    while (true) try {
            stele::projection_runner next{store, directory};
            next.add<table>();
            next.catch_up();
            CHECK(next.status().front().checkpoint == store.head());
            return;
        } catch (const stele::error& busy) {
            REQUIRE(busy.kind() == stele::error_kind::busy);
            std::this_thread::yield();
        }
}

}  // namespace testing::destroyed
