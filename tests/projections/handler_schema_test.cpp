// SQL of handlers that changes the schema: nothing that it makes does more than the handler itself may.

#include "projections/inline_place.hpp"
#include "support/stores.hpp"

#include <string>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::position;
using stele::read_model;

namespace {

std::function<void(read_model&)> in_project;
std::function<void(read_model&)> in_create;

struct open_handed {
    static constexpr auto name = "open_handed";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(read_model& db) {
        db.execute_script("CREATE TABLE own (n INTEGER); CREATE VIEW seen AS SELECT n FROM own");
        if (in_create) in_create(db);
    }
    static void project(const Incremented& event, const stele::recorded_event&, read_model& db) {
        db.execute("INSERT INTO own VALUES (?1)", event.by());
        if (in_project) in_project(db);
        db.execute("INSERT INTO own VALUES (?1)", event.by());
    }
};

/// The ways in which a statement can make another one do something.
std::vector<std::string> detours_to(const std::string& sql) {
    return {
        "CREATE TRIGGER detour AFTER INSERT ON own BEGIN " + sql + "; END",
        "CREATE TRIGGER detour BEFORE INSERT ON own WHEN new.n > 0 BEGIN " + sql + "; END",
        "CREATE TEMP TRIGGER detour AFTER INSERT ON own BEGIN " + sql + "; END",
        "CREATE TRIGGER detour INSTEAD OF INSERT ON seen BEGIN " + sql + "; END; INSERT INTO seen VALUES (1)",
        "CREATE TABLE relay (n); CREATE TRIGGER first AFTER INSERT ON own BEGIN INSERT INTO relay VALUES (1); END;"
        "CREATE TRIGGER second AFTER INSERT ON relay BEGIN " +
            sql + "; END",
        "ALTER TABLE own RENAME TO other; CREATE TABLE own (n INTEGER);"
        "CREATE TRIGGER detour AFTER INSERT ON own BEGIN " +
            sql + "; END",
    };
}

struct undo {
    ~undo() {
        in_project = nullptr;
        in_create = nullptr;
    }
};

}  // namespace

TEST_CASE("no detour through the schema reaches the tables of the runner") {
    const undo at_end;
    for (const std::string sql :
         {"DELETE FROM stele_projection", "UPDATE stele_projection SET checkpoint = 99",
          "INSERT INTO stele_dead_letters (position) VALUES (1)", "DELETE FROM STELE_projection"}) {
        for (const auto& detour : detours_to(sql)) {
            CAPTURE(detour);
            stele::memory_store store;
            const temp_dir directory;
            stele::projection_runner runner{store, directory.path};
            runner.add<open_handed>();
            in_project = nullptr;
            append(store, 1, incremented(1));
            runner.catch_up();  // the statements are cached
            append(store, 1, incremented(2));
            in_project = [&](read_model& db) { db.execute_script(detour); };
            const auto failure = error_of([&] { runner.catch_up(); });
            CHECK(failure.kind == error_kind::invalid_argument);
            CHECK_MESSAGE(failure.says("belong to the runner"), failure.message);
            in_project = nullptr;
            runner.catch_up();
            auto db = read_model::open_read_only(directory / "open_handed.db");
            CHECK(db.checkpoint() == position{2});
            CHECK(db.query_one<int>("SELECT count(*) FROM own") == std::tuple{4});
        }
    }
}

TEST_CASE("a statement that was checked before the schema changed is not run unchecked after that") {
    const undo at_end;
    stele::memory_store store;
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    runner.add<open_handed>();
    append(store, 1, incremented(1));
    in_project = [](read_model& db) {
        auto late = db.query<int>("INSERT INTO own VALUES (7) RETURNING n");
        db.execute("CREATE TRIGGER detour AFTER INSERT ON own BEGIN DELETE FROM stele_projection; END");
        for (const auto& row : late) CHECK(row == std::tuple{7});
    };
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.kind == error_kind::invalid_argument);
    CHECK_MESSAGE(failure.says("the tables were changed after this query was made"), failure.message);
    // Rows that are being read are read to the end.
    in_project = [](read_model& db) {
        db.execute("INSERT INTO own VALUES (8)");
        int seen = 0;
        for ([[maybe_unused]] const auto& row : db.query<int>("SELECT n FROM own"))
            if (++seen == 1) db.execute("CREATE TABLE IF NOT EXISTS more (n)");
        CHECK(seen == 2);
    };
    runner.catch_up();
    CHECK(runner.status().at(0).checkpoint == position{1});
}

TEST_CASE("names that begin with stele_ are the runner's, in upper case too") {
    auto db = read_model::in_memory();
    for (const auto* const sql : {"CREATE TABLE STELE_mine (x)", "CREATE TABLE Stele_Mine (x)",
                                  "CREATE VIEW sTele_view AS SELECT 1", "CREATE TEMP TABLE STELE_projection (x)"})
        CHECK_MESSAGE(error_of([&] { db.execute(sql); }).says("belong to the runner"), sql);
    db.execute("CREATE TABLE steles (x)");
}

TEST_CASE("no detour of an inline projection reaches the events, documents or tables of others") {
    const undo at_end;
    for (const std::string sql :
         {"DELETE FROM events", "UPDATE events SET type = 1", "UPDATE streams SET state = 2", "DELETE FROM documents",
          "DELETE FROM stele_inline", "UPDATE totals SET value = 0", "INSERT INTO own SELECT position FROM events"}) {
        for (const auto& detour : detours_to(sql)) {
            CAPTURE(detour);
            const place here;
            auto store = here.open();
            stele::inline_projections applied{store};
            applied.add<totals>();
            in_create = nullptr;
            in_project = nullptr;
            applied.add<open_handed>();
            put(store, 1, incremented(1));
            in_project = [&](read_model& db) { db.execute_script(detour); };
            CHECK(error_of([&] { put(store, 1, incremented(2)); }).kind == error_kind::invalid_argument);
            in_project = nullptr;
            put(store, 1, incremented(3));
            CHECK(store.head() == position{2});
            CHECK(here.read().query_one<int>("SELECT count(*) FROM own") == std::tuple{4});
            CHECK(store.verify().is_sound());

            // Made by create(), where a trigger on its own table is allowed.
            in_create = [&](read_model& db) { db.execute_script(detour); };
            std::string told;
            try {
                applied.rebuild<open_handed>();
                put(store, 1, incremented(4));
            } catch (const stele::error& refused) {
                told = refused.what();
            }
            CHECK(told != "");
            CHECK(store.head() == position{2});
            CHECK(lines(store.read_all()).size() == 2);
        }
    }
}
