#pragma once

#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <functional>
#include <string>
#include <vector>

/// A file with inline projections, and projections of counters for tests of them.
namespace testing {

inline const stele::sqlite_options quick{.durability = stele::durability::normal};

struct place {
    temp_dir directory;
    std::filesystem::path file = directory / "events.db";

    [[nodiscard]] stele::sqlite_store open() const { return stele::sqlite_store::open(file, quick); }
    [[nodiscard]] stele::read_model read() const { return stele::read_model::open_read_only(file); }
    [[nodiscard]] std::vector<std::string> rows() const {
        auto db = read();
        return rows_of_totals(db);
    }
};

// Appends, and lets exceptions through.
inline void put(stele::event_store& store, int counter, const google::protobuf::Message& event) {
    const std::vector events{stele::encode(event)};
    store.append(stele::stream_id{"counter", std::to_string(counter)}, stele::expected_version::any(), events).value();
}

// While it lives, projecting events of streams with this suffix fails.
struct fault_in {
    explicit fault_in(std::string ending) {
        before_projecting = [ending = std::move(ending)](const stele::recorded_event& event) {
            if (event.stream.ends_with(ending)) throw std::runtime_error("not this one");
        };
    }
    fault_in(const fault_in&) = delete;
    fault_in& operator=(const fault_in&) = delete;
    ~fault_in() { before_projecting = nullptr; }
};

// Calls a function of the test when an event comes.
struct probe {
    static constexpr auto name = "probe";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened>;
    using action_type = std::function<void(stele::read_model&)>;
    const action_type* action;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE probe (x INTEGER PRIMARY KEY)"); }
    void project(const CounterOpened&, const stele::recorded_event&, stele::read_model& db) const { (*action)(db); }
};

// Labels are unique among all counters.
struct unique_labels {
    static constexpr auto name = "unique_labels";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened>;

    static void create(stele::read_model& db) {
        db.execute_script(R"(CREATE TABLE counters (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE) STRICT;
                             CREATE INDEX counters_by_length ON counters (length(label));
                             CREATE TABLE latest (label TEXT);
                             CREATE TRIGGER note AFTER INSERT ON counters BEGIN
                               DELETE FROM latest; INSERT INTO latest VALUES (new.label); END;
                             CREATE VIEW labels_by_name AS SELECT label FROM counters ORDER BY label;
                             CREATE VIRTUAL TABLE words USING fts5(label))");
    }
    static void project(const CounterOpened& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO counters (label) VALUES (?1)", event.label());
        db.execute("INSERT INTO words VALUES (?1)", event.label());
    }
};

inline std::vector<std::string> labels_in(stele::read_model db) {
    std::vector<std::string> all;
    for (auto [id, label] : db.query<int, std::string>("SELECT id, label FROM counters ORDER BY id"))
        all.push_back(std::to_string(id) + " " + label);
    return all;
}

}  // namespace testing
