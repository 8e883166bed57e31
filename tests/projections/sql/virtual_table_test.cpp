// Virtual tables of SQLite in read models. They ask SQLite for more on their own when a connection uses them first,
// which is not what the handler has asked for.

#include "projections/inline_place.hpp"

#include <map>

using namespace testing;
using stele::projection_runner;
using stele::read_model;

namespace {

// What a projection does with its virtual table, whatever that is.
struct kind {
    std::string create, insert, find, change, remove;
};

const std::map<std::string, kind> kinds{
    {"fts5",
     {"CREATE VIRTUAL TABLE notes USING fts5(note)", "INSERT INTO notes (rowid, note) VALUES (?1, 'alpha beta')",
      "SELECT count(*) FROM notes WHERE notes MATCH 'alpha'", "UPDATE notes SET note = 'alpha' WHERE rowid = ?1",
      "DELETE FROM notes WHERE rowid = ?1 - 3"}},
    {"fts5 that follows a table by triggers",
     {"CREATE TABLE plain (id INTEGER PRIMARY KEY, note TEXT);"
      "CREATE VIRTUAL TABLE notes USING fts5(note, content='plain', content_rowid='id');"
      "CREATE TRIGGER added AFTER INSERT ON plain BEGIN"
      " INSERT INTO notes (rowid, note) VALUES (new.id, new.note); END;"
      "CREATE TRIGGER removed AFTER DELETE ON plain BEGIN"
      " INSERT INTO notes (notes, rowid, note) VALUES ('delete', old.id, old.note); END;"
      "CREATE TRIGGER changed AFTER UPDATE ON plain BEGIN"
      " INSERT INTO notes (notes, rowid, note) VALUES ('delete', old.id, old.note);"
      " INSERT INTO notes (rowid, note) VALUES (new.id, new.note); END",
      "INSERT INTO plain VALUES (?1, 'alpha beta')", "SELECT count(*) FROM notes WHERE notes MATCH 'alpha'",
      "UPDATE plain SET note = 'alpha' WHERE id = ?1", "DELETE FROM plain WHERE id = ?1 - 3"}},
    {"fts4",
     {"CREATE VIRTUAL TABLE notes USING fts4(note)", "INSERT INTO notes (docid, note) VALUES (?1, 'alpha beta')",
      "SELECT count(*) FROM notes WHERE notes MATCH 'alpha'", "UPDATE notes SET note = 'alpha' WHERE docid = ?1",
      "DELETE FROM notes WHERE docid = ?1 - 3"}},
    {"fts3",
     {"CREATE VIRTUAL TABLE notes USING fts3(note)", "INSERT INTO notes (docid, note) VALUES (?1, 'alpha beta')",
      "SELECT count(*) FROM notes WHERE notes MATCH 'alpha'", "UPDATE notes SET note = 'alpha' WHERE docid = ?1",
      "DELETE FROM notes WHERE docid = ?1 - 3"}},
    {"rtree",
     {"CREATE VIRTUAL TABLE notes USING rtree(id, low, high)", "INSERT INTO notes VALUES (?1, 1, 2)",
      "SELECT count(*) FROM notes WHERE low < 3", "UPDATE notes SET high = 3 WHERE id = ?1",
      "DELETE FROM notes WHERE id = ?1 - 3"}},
};

const kind* used = nullptr;
// Which statement comes first after the start.
int first = 0;

struct search {
    static constexpr auto name = "search";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(read_model& db) {
        db.execute_script(used->create);
        db.execute("CREATE TABLE found (position INTEGER PRIMARY KEY, notes INTEGER)");
    }
    static void project(const Incremented&, const stele::recorded_event& at, read_model& db) {
        const auto find = [&] { return std::get<0>(db.query_one<std::int64_t>(used->find).value()); };
        const auto change = [&] { db.execute(used->change, at.position.value - 1); };
        const auto remove = [&] { db.execute(used->remove, at.position); };
        if (first == 1) static_cast<void>(find());
        if (first == 2) change();
        if (first == 3) remove();
        db.execute(used->insert, at.position);
        change();
        remove();
        db.execute("INSERT INTO found VALUES (?1, ?2)", at.position, find());
    }
};

std::string statement;

struct sets_pragma {
    static constexpr auto name = "sets";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(read_model& db) { db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY)"); }
    static void project(const Incremented&, const stele::recorded_event&, read_model& db) { db.execute(statement); }
};

struct orders {
    static constexpr auto name = "orders";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(read_model& db) {
        db.execute_script(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY) STRICT;"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers) STRICT");
    }
    static void project(const Incremented&, const stele::recorded_event& at, read_model& db) {
        db.execute("INSERT INTO orders VALUES (?1, 1000)", at.position);
    }
};

// At the third event there are three notes, and then always three: the last ones.
constexpr std::int64_t found_in(std::int64_t events) {
    return events < 3 ? events : 3;
}

template <class Read>
void expect_found(const Read& read, std::int64_t events) {
    read_model db = read();
    const auto last = db.query_one<std::int64_t>("SELECT notes FROM found ORDER BY position DESC LIMIT 1");
    REQUIRE(last);
    CHECK(std::get<0>(*last) == found_in(events));
    CHECK(std::get<0>(db.query_one<std::int64_t>(used->find).value()) == found_in(events));
}

}  // namespace

TEST_CASE("a projection uses virtual tables after each start as after the first, inline and by a runner") {
    for (const auto& [what, each] : kinds)
        for (first = 0; first < 4; ++first) {
            CAPTURE(what);
            CAPTURE(first);
            used = &each;
            const place inline_place;
            const place runner_place;
            for (std::int64_t start = 1; start <= 3; ++start) {
                CAPTURE(start);
                {
                    auto store = inline_place.open();
                    stele::inline_projections projections{store};
                    projections.add<search>();
                    put(store, 1, incremented(1));
                    put(store, 1, incremented(1));
                    if (start == 2) projections.rebuild<search>();
                }
                expect_found([&] { return inline_place.read(); }, 2 * start);
                {
                    auto store = runner_place.open();
                    projection_runner runner{store, runner_place.directory / "read"};
                    runner.add<search>();
                    put(store, 1, incremented(1));
                    put(store, 1, incremented(1));
                    runner.catch_up();
                    if (start == 2) runner.rebuild<search>();
                    runner.catch_up();
                }
                expect_found([&] { return read_model::open_read_only(runner_place.directory / "read" / "search.db"); },
                             2 * start);
            }
        }
}

TEST_CASE("a projection sets no PRAGMA, and those that virtual tables ask for change nothing") {
    for (const auto* const sql : {"PRAGMA page_size = 8192", "PRAGMA data_version = 1", "PRAGMA foreign_keys = ON",
                                  "PRAGMA foreign_keys", "PRAGMA user_version = 7", "PRAGMA temp_store = FILE"}) {
        CAPTURE(sql);
        statement = sql;
        const place here;
        auto store = here.open();
        stele::inline_projections projections{store};
        projections.add<sets_pragma>();
        CHECK(error_of([&] { put(store, 1, incremented(1)); }).says("a projection sets no PRAGMA"));
        CHECK(store.head().value == 0);
    }
}

TEST_CASE("a reference to another table is not enforced") {
    const place here;
    auto store = here.open();
    stele::inline_projections projections{store};
    projections.add<orders>();
    projection_runner runner{store, here.directory / "read"};
    runner.add<orders>();
    put(store, 1, incremented(1));
    runner.catch_up();
    CHECK(runner.status().at(0).checkpoint.value == 1);
    projections.rebuild<orders>();
    projections.remove("orders");
}
