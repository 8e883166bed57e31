#pragma once

#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/temp_dir.hpp"

#include <stele/projections/projection_runner.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace testing {

/// Called by the projections below before they change a table, so that a test can make them fail there.
inline std::function<void(const stele::recorded_event&)> before_projecting;

/// The value of each counter, and a log of every change, so that a lost or repeated event is noticed.
struct totals {
    static constexpr auto name = "totals";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;

    static void create(stele::read_model& db) {
        db.execute_script(R"(CREATE TABLE totals (counter TEXT PRIMARY KEY, label TEXT NOT NULL, value INTEGER NOT NULL,
                                                  changes INTEGER NOT NULL) STRICT;
                             CREATE TABLE changes (id INTEGER PRIMARY KEY, counter TEXT NOT NULL, by INTEGER NOT NULL,
                                                   position INTEGER NOT NULL) STRICT)");
    }
    static void project(const CounterOpened& event, const stele::recorded_event& at, stele::read_model& db) {
        if (before_projecting) before_projecting(at);
        db.execute("INSERT INTO totals VALUES (?1, ?2, 0, 0)", stele::instance_id_of(at.stream), event.label());
    }
    static void project(const Incremented& event, const stele::recorded_event& at, stele::read_model& db) {
        add(event.by(), at, db);
    }
    static void project(const Decremented& event, const stele::recorded_event& at, stele::read_model& db) {
        add(-event.by(), at, db);
    }

private:
    static void add(std::int64_t by, const stele::recorded_event& at, stele::read_model& db) {
        const auto counter = stele::instance_id_of(at.stream);
        db.execute("INSERT INTO changes (counter, by, position) VALUES (?1, ?2, ?3)", counter, by, at.position);
        if (before_projecting) before_projecting(at);
        db.execute("UPDATE totals SET value = value + ?2, changes = changes + 1 WHERE counter = ?1", counter, by);
    }
};

/// Only the labels: a second projection, which ignores most events.
struct labels {
    static constexpr auto name = "labels";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE labels (counter TEXT PRIMARY KEY, label TEXT NOT NULL)");
    }
    static void project(const CounterOpened& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO labels VALUES (?1, ?2)", stele::instance_id_of(at.stream), event.label());
    }
};

/// The rows of `totals`, as text.
inline std::vector<std::string> rows_of_totals(stele::read_model& db) {
    std::vector<std::string> lines;
    for (auto [counter, label, value, changes] : db.query<std::string, std::string, std::int64_t, std::int64_t>(
             "SELECT counter, label, value, changes FROM totals ORDER BY counter"))
        lines.push_back(counter + " '" + label + "' " + std::to_string(value) + " " + std::to_string(changes));
    for (auto [id, counter, by, position] : db.query<std::int64_t, std::string, std::int64_t, stele::position>(
             "SELECT id, counter, by, position FROM changes ORDER BY id"))
        lines.push_back(std::to_string(id) + " " + counter + " " + std::to_string(by) + " @" +
                        std::to_string(position.value));
    return lines;
}

inline std::vector<std::string> rows_of_totals(const std::filesystem::path& directory) {
    auto db = stele::read_model::open_read_only(directory / "totals.db");
    return rows_of_totals(db);
}

/// The rows of a replay of the whole store, in a separate directory.
inline std::vector<std::string> fresh_replay(stele::event_store& store) {
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    return rows_of_totals(directory.path);
}

inline void append(stele::event_store& store, int counter, const google::protobuf::Message& event) {
    const std::vector events{stele::encode(event)};
    REQUIRE(store.append(stele::stream_id{"counter", std::to_string(counter)}, stele::expected_version::any(), events));
}

/// Appends `count` events to some counters, the same for the same seed; among them an undeclared type.
inline void append_some(stele::event_store& store, int count, unsigned seed = 1) {
    std::mt19937 random{seed};
    const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
    for (int left = count; left > 0;) {
        const stele::stream_id stream{"counter", std::to_string(below(7))};
        std::vector<stele::event_data> events;
        if (store.stream_version(stream).value == 0) events.push_back(stele::encode(opened("label " + stream.str())));
        for (int more = below(5); more >= 0; --more) {
            switch (below(4)) {
                case 0: events.push_back(stele::encode(decremented(below(100)))); break;
                case 1: events.push_back(stele::encode(NobodyKnows{})); break;
                default: events.push_back(stele::encode(incremented(below(1000))));
            }
        }
        events.resize(std::min(events.size(), static_cast<std::size_t>(left)));
        REQUIRE(store.append(stream, stele::expected_version::any(), events));
        left -= static_cast<int>(events.size());
    }
}

}  // namespace testing
