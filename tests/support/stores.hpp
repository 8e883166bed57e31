#pragma once

#include "support/merge_events.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Gives a store the time.
using store_clock = std::function<stele::timestamp()>;

/// One way to have an event store. Every contract test runs over each of them.
struct store_configuration {
    std::string name;
    bool durable = false;  // whether a store that is closed and opened again still has its events
    std::function<std::unique_ptr<stele::event_store>(const std::filesystem::path& file, const store_clock& now)> open;
};

inline std::unique_ptr<stele::event_store> open_sqlite(const std::filesystem::path& file,
                                                       const stele::sqlite_options& options) {
    return std::make_unique<stele::sqlite_store>(stele::sqlite_store::open(file, options));
}

inline std::vector<store_configuration> store_configurations() {
    using stele::durability;
    const auto memory = [](const stele::store_limits& limits) {
        return [limits](const std::filesystem::path&, const store_clock& now) {
            return now ? std::make_unique<stele::memory_store>(limits, now)
                       : std::make_unique<stele::memory_store>(limits);
        };
    };
    const auto sqlite = [](const stele::sqlite_options& options) {
        return [options](const std::filesystem::path& file, const store_clock& now) {
            auto mine = options;
            if (now) mine.now = now;
            return open_sqlite(file, mine);
        };
    };
    const stele::store_limits tiny{.read_batch_events = 3, .read_batch_bytes = 64};
    std::vector<store_configuration> all = {
        {"memory", false, memory({})},
        {"memory, tiny batches", false, memory(tiny)},
        {"sqlite", true, sqlite({})},
        {"sqlite, normal", true, sqlite({.durability = durability::normal})},
        {"sqlite, no idle readers, small merges", true,
         sqlite({.durability = durability::normal, .idle_readers = 0, .merge_events = 7})},
        {"sqlite, tiny batches and merges", true,
         sqlite({.durability = durability::normal, .merge_events = 1, .limits = tiny})},
    };
    if (has_merges<>) {
        const stele::sqlite_options normal{.durability = durability::normal};
        const stele::sqlite_options small{.durability = durability::normal, .limits = tiny};
        all.push_back({"sqlite, merges of 1", true, sqlite(with_merges(normal, 1))});
        all.push_back({"sqlite, tiny batches, merges of 2", true, sqlite(with_merges(small, 2))});
        all.push_back({"sqlite, merges of 7", true, sqlite(with_merges(normal, 7))});
    }
    return all;
}

/// A new, empty store of one configuration.
class contract_store {
public:
    explicit contract_store(store_configuration configuration) : configuration_(std::move(configuration)) { reopen(); }

    /// Closes and opens it again; a store in memory stays open.
    void reopen() {
        if (store_ && !configuration_.durable) return;
        store_.reset();
        store_ = configuration_.open(directory_ / "events.db", now_);
    }

    /// Lets it read the time from this clock. Only before there is anything in it.
    void follow(const stele::manual_clock& clock) {
        now_ = clock.reader();
        store_.reset();
        store_ = configuration_.open(directory_ / "events.db", now_);
    }

    /// For another one of the same kind.
    [[nodiscard]] const store_configuration& configuration() const { return configuration_; }

    stele::event_store& operator*() const { return *store_; }
    stele::event_store* operator->() const { return store_.get(); }

private:
    temp_dir directory_;
    store_configuration configuration_;
    store_clock now_;
    std::unique_ptr<stele::event_store> store_;
};

/// Runs `test` over a new store of each configuration, as a doctest subcase named after it.
inline void for_each_store(const std::function<void(contract_store&)>& test) {
    for (const auto& configuration : store_configurations()) {
        SUBCASE(configuration.name.c_str()) {
            contract_store store{configuration};
            test(store);
        }
    }
}

/// A TEST_CASE that runs over every store: STORE_TEST_CASE(store, "an append is durable") { store->append(…); }
// NOLINTBEGIN(bugprone-macro-parentheses): these are names that are declared
#define STORE_TEST_CASE(store, name) STORE_TEST_CASE_AS(DOCTEST_ANONYMOUS(over_each_store_), store, name)
#define STORE_TEST_CASE_AS(function, store, name) \
    static void function(contract_store& store);  \
    TEST_CASE(name) {                             \
        for_each_store(function);                 \
    }                                             \
    static void function(contract_store& store)
// NOLINTEND(bugprone-macro-parentheses)

inline stele::event_data make_event(std::string type = "test.Happened", std::string payload = "payload") {
    return {.type = std::move(type), .payload = std::move(payload)};
}

inline std::vector<stele::event_data> make_events(std::size_t count) {
    std::vector<stele::event_data> events;
    for (std::size_t i = 0; i < count; ++i)
        events.push_back(make_event("test.Happened", "payload " + std::to_string(i)));
    return events;
}

/// What a read returned, one line an event: "position stream@version type payload".
template <class Range>
std::vector<std::string> lines(Range range) {
    std::vector<std::string> result;
    for (const stele::recorded_event& e : std::move(range).events())
        result.push_back(std::to_string(e.position.value) + " " + std::string(e.stream) + "@" +
                         std::to_string(e.version.value) + " " + std::string(e.type) + " " + std::string(e.payload));
    return result;
}
