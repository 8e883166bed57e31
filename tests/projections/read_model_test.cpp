#include "support/run_sql.hpp"
#include "support/temp_dir.hpp"

#include <stele/projections/sql/read_model.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <functional>
#include <limits>

using stele::error_kind;
using stele::read_model;

namespace {

struct caught {
    error_kind kind{};
    std::string message;
    [[nodiscard]] bool says(std::string_view text) const { return message.find(text) != std::string::npos; }
};

caught error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const stele::error& failure) {
        return {failure.kind(), failure.what()};
    }
    FAIL("nothing was thrown");
    return {};
}

read_model with_table() {
    auto db = read_model::in_memory();
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value ANY) STRICT");
    return db;
}

// Stores a value and reads it back as the same type.
template <class T, class Bound = T>
T round_trip(read_model& db, const Bound& value) {
    db.execute("INSERT INTO t (id, value) VALUES (1, ?1) ON CONFLICT DO UPDATE SET value = ?1", value);
    return std::get<0>(db.query_one<T>("SELECT value FROM t").value());
}

std::vector<std::byte> bytes(std::string_view text) {
    const auto view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

enum class colour : std::uint8_t { red = 3, green = 200 };

}  // namespace

TEST_CASE("every type that can be bound is read back unchanged") {
    auto db = with_table();
    CHECK(round_trip<std::int64_t>(db, std::numeric_limits<std::int64_t>::min()) ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(round_trip<std::uint64_t>(db, 7U) == 7);
    CHECK(round_trip<std::int8_t>(db, std::int8_t{-128}) == -128);
    CHECK(round_trip<unsigned short>(db, static_cast<unsigned short>(65535)) == 65535);
    CHECK(round_trip<bool>(db, true));
    CHECK(round_trip<double>(db, 0.1) == 0.1);
    CHECK(round_trip<double>(db, 5) == 5.0);
    CHECK(round_trip<float>(db, 0.5F) == 0.5F);
    CHECK(round_trip<colour>(db, colour::green) == colour::green);
    CHECK(round_trip<std::string>(db, "a literal") == "a literal");
    CHECK(round_trip<std::string>(db, std::string{}).empty());
    CHECK(round_trip<std::string>(db, std::string_view{}).empty());
    CHECK(round_trip<std::string>(db, std::string{"nul \0 inside", 12}) == std::string{"nul \0 inside", 12});
    CHECK(round_trip<std::vector<std::byte>>(db, bytes("blob")) == bytes("blob"));
    CHECK(round_trip<std::vector<std::byte>>(db, std::vector<std::byte>{}).empty());
    CHECK(round_trip<stele::position>(db, stele::position{12}) == stele::position{12});
    CHECK(round_trip<stele::version>(db, stele::version{3}) == stele::version{3});
    const auto id = stele::uuid::v7();
    CHECK(round_trip<stele::uuid>(db, id) == id);
    const stele::timestamp when{std::chrono::microseconds{1'234'567}};
    CHECK(round_trip<stele::timestamp>(db, when) == when);
    CHECK(round_trip<std::optional<int>>(db, std::optional<int>{4}) == 4);
    CHECK(round_trip<std::optional<std::string>>(db, std::optional<std::string>{}) == std::nullopt);
    CHECK(round_trip<std::optional<int>>(db, nullptr) == std::nullopt);
    CHECK(round_trip<std::optional<int>>(db, std::nullopt) == std::nullopt);
}

TEST_CASE("a value that does not fit is refused, naming column, statement and file") {
    auto db = with_table();
    const auto stored_and_read_as = [&]<class T>(const auto& value, const T&) {
        return error_of([&] { round_trip<T>(db, value); });
    };
    const auto small = stored_and_read_as(300, std::int8_t{});
    CHECK(small.kind == error_kind::invalid_argument);
    CHECK(small.says("column 1 (value) holds an integer, expected an integer from -128 to 127 (it is 300)"));
    CHECK(small.says("SELECT value FROM t"));
    CHECK(small.says("a database in memory: "));
    CHECK(stored_and_read_as(-1, std::uint64_t{}).says("from 0 to 9223372036854775807 (it is -1)"));
    CHECK(stored_and_read_as(2, false).says("from 0 to 1 (it is 2)"));
    CHECK(stored_and_read_as("12", std::int64_t{}).says("holds text, expected an integer"));
    CHECK(stored_and_read_as(1.5, std::int64_t{}).says("holds a real number, expected an integer"));
    CHECK(stored_and_read_as(12, std::string{}).says("holds an integer, expected text"));
    CHECK(stored_and_read_as("12", 0.0).says("holds text, expected a real number"));
    CHECK(stored_and_read_as("12", std::vector<std::byte>{}).says("holds text, expected a blob"));
    CHECK(stored_and_read_as(nullptr, 0).says("holds NULL, expected an integer; read it as std::optional"));
    CHECK(stored_and_read_as(bytes("short"), stele::uuid{}).says("expected 16 bytes (it has 5)"));

    CHECK(error_of([&] {
              db.execute("INSERT INTO t VALUES (?1, ?2)", 1, std::numeric_limits<std::uint64_t>::max());
          }).says("parameter 2: 18446744073709551615 does not fit"));
    CHECK(error_of([&] {
              db.execute("INSERT INTO t VALUES (2, ?1)", std::numeric_limits<double>::quiet_NaN());
          }).says("NaN would be stored as NULL"));
    const char* const nothing = nullptr;
    CHECK(error_of([&] { db.execute("INSERT INTO t VALUES (2, ?1)", nothing); }).says("is a null pointer"));
    CHECK(db.query_one<int>("SELECT id FROM t WHERE id = 2") == std::nullopt);
}

TEST_CASE("execute returns how many rows it changed") {
    auto db = read_model::in_memory();
    CHECK(db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value TEXT)") == 0);
    CHECK(db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')") == 3);
    CHECK(db.execute("UPDATE t SET value = 'd' WHERE id >= ?1", 2) == 2);
    CHECK(db.execute("UPDATE t SET value = 'e' WHERE id > ?1", 5) == 0);
    CHECK(db.execute("CREATE INDEX by_value ON t (value)") == 0);
    CHECK(db.execute("DELETE FROM t") == 3);
}

TEST_CASE("a wrong number of parameters or columns is refused") {
    auto db = with_table();
    const auto few = error_of([&] { db.execute("INSERT INTO t VALUES (?1, ?2)", 1); });
    CHECK(few.kind == error_kind::invalid_argument);
    CHECK(few.says("it has parameters up to ?2, and the call passes 1 value; pass one for each"));
    CHECK(few.says("INSERT INTO t VALUES (?1, ?2)"));
    CHECK(error_of([&] { db.execute("DELETE FROM t", 1); }).says("it has no parameters, and the call passes 1 value"));
    CHECK(error_of([&] { db.execute("SELECT 1"); }).says("returns rows; use query()"));
    CHECK(error_of([&] {
              (void)db.query<int>("SELECT 1, 2");
          }).says("a row of it has 2 columns, and the call asks for 1 type; name one for each"));
    CHECK(error_of([&] { (void)db.query<int>("DELETE FROM t"); }).says("it returns no rows; use execute()"));
    CHECK(db.execute("INSERT INTO t VALUES (?1, ?2)", 1, 2) == 1);  // the statement can be used for the next call
}

TEST_CASE("one statement at a time, and a script for several") {
    auto db = read_model::in_memory();
    CHECK(error_of([&] { db.execute("CREATE TABLE a (x); CREATE TABLE b (x)"); }).says("more than one SQL statement"));
    CHECK(error_of([&] { db.execute("  -- nothing\n"); }).says("there is no SQL statement"));
    CHECK(error_of([&] { db.execute("CREATE TABEL a (x)"); }).says("syntax error"));
    db.execute("CREATE TABLE a (x); -- the only one\n");
    db.execute_script("CREATE TABLE b (x); CREATE INDEX b_x ON b (x);\n INSERT INTO b VALUES (1), (2); -- end\n");
    CHECK(db.query_one<int>("SELECT sum(x) FROM b") == std::tuple{3});
    const auto broken = error_of([&] { db.execute_script("INSERT INTO b VALUES (3); INSERT INTO c VALUES (1)"); });
    CHECK(broken.kind == error_kind::invalid_argument);
    CHECK(broken.says("no such table: c"));
}

TEST_CASE("a query is a range of tuples, also inside another of the same statement") {
    auto db = with_table();
    for (int i = 1; i <= 3; ++i) db.execute("INSERT INTO t VALUES (?1, ?2)", i, std::to_string(i * i));
    const auto numbers = [&] { return db.query<int, std::string_view>("SELECT id, value FROM t ORDER BY id"); };
    std::string seen;
    for (auto [outer, square] : numbers()) {
        seen += std::to_string(outer) + ":";
        for (auto [inner, other] : numbers()) seen += std::string{other} + " ";
        seen += square;
        seen += "; ";
    }
    CHECK(seen == "1:1 4 9 1; 2:1 4 9 4; 3:1 4 9 9; ");

    for (auto [id, value] : numbers()) {
        if (id == 2) break;  // a range that is left early returns its statement
    }
    int rows = 0;
    for ([[maybe_unused]] auto row : numbers()) ++rows;
    CHECK(rows == 3);
}

TEST_CASE("the arguments of a query need not outlive it") {
    auto db = with_table();
    for (int i = 1; i <= 3; ++i) db.execute("INSERT INTO t VALUES (?1, ?2)", i, "text " + std::to_string(i));
    auto text = std::make_unique<std::string>("text 2");
    auto rows = db.query<int>("SELECT id FROM t WHERE value = ?1", *text);
    text->assign("text 3");
    text.reset();
    std::vector<int> found;
    for (auto [id] : rows) found.push_back(id);
    CHECK(found == std::vector{2});
}

TEST_CASE("query_one returns the only row") {
    auto db = with_table();
    CHECK(db.query_one<int>("SELECT id FROM t") == std::nullopt);
    db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    CHECK(db.query_one<int, std::string>("SELECT id, value FROM t WHERE id = ?1", 2) ==
          std::tuple{2, std::string{"b"}});
    CHECK(error_of([&] { (void)db.query_one<int>("SELECT id FROM t"); }).says("more than one row; add LIMIT 1"));
    CHECK(db.query_one<int>("SELECT id FROM t ORDER BY id LIMIT 1") == std::tuple{1});
}

TEST_CASE("a statement is recognised by its text, not by its address") {
    auto db = with_table();
    db.execute("INSERT INTO t VALUES (1, 'a')");
    char sql[] = "SELECT 11 FROM t";
    CHECK(db.query_one<int>(std::string_view{sql}) == std::tuple{11});
    sql[7] = '2';
    CHECK(db.query_one<int>(std::string_view{sql}) == std::tuple{21});
    const std::string elsewhere = "SELECT 11 FROM t";
    CHECK(db.query_one<int>(elsewhere) == std::tuple{11});
}

TEST_CASE("more statements than the cache keeps, some of them in use") {
    auto db = with_table();
    db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    std::int64_t sum = 0;
    for (auto [id] : db.query<int>("SELECT id FROM t ORDER BY id"))
        for (int i = 0; i < 1000; ++i)
            sum += std::get<0>(db.query_one<std::int64_t>("SELECT ?1 + " + std::to_string(i), id).value());
    CHECK(sum == 2 * 499'500 + 1000 + 2000);
}

TEST_CASE("a violated constraint is the caller's error and undoes its statement") {
    auto db = with_table();
    db.execute("INSERT INTO t VALUES (1, 'a')");
    const auto twice = error_of([&] { db.execute("INSERT INTO t VALUES (2, 'b'), (?1, 'c')", 1); });
    CHECK(twice.kind == error_kind::invalid_argument);
    CHECK(twice.says("UNIQUE constraint failed"));
    CHECK(twice.says("INSERT INTO t VALUES (2, 'b'), (?1, 'c')"));
    CHECK(db.query_one<int>("SELECT count(*) FROM t") == std::tuple{1});
}

TEST_CASE("the SQL of a projection cannot touch the runner's transaction and tables") {
    auto db = with_table();
    const auto refused = [&](std::string_view sql, std::string_view why) {
        const auto failure = error_of([&] { db.execute_script(sql); });
        CHECK(failure.kind == error_kind::invalid_argument);
        CHECK_MESSAGE(failure.says(why), failure.message);
        CHECK(failure.says(sql));
    };
    for (const auto* sql : {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a"})
        refused(sql, "the runner begins and ends the transaction");
    refused("ATTACH 'other.db' AS other", "only its own file");
    refused("PRAGMA journal_mode = DELETE", "sets no PRAGMA");
    for (const auto* sql :
         {"CREATE TABLE stele_projection (x)", "CREATE TABLE stele_mine (x)", "CREATE VIEW stele_view AS SELECT 1",
          "CREATE TEMP VIEW stele_view AS SELECT 1", "CREATE INDEX stele_index ON t (id)",
          "CREATE TRIGGER stele_trigger AFTER INSERT ON t BEGIN SELECT 1; END",
          "CREATE TEMP TRIGGER stele_trigger AFTER INSERT ON t BEGIN SELECT 1; END"})
        refused(sql, "belong to the runner");
    CHECK(error_of([&] { db.execute("BEGIN"); }).says("the runner begins and ends the transaction"));
    db.execute("ALTER TABLE t ADD COLUMN more TEXT");
    CHECK(db.query_one<int>("SELECT count(*) FROM pragma_table_info('t')") == std::tuple{3});
}

TEST_CASE("a read model in memory has no checkpoint, and no file is named that nobody has given") {
    auto db = with_table();
    const auto refused = error_of([&] { static_cast<void>(db.checkpoint()); });
    CHECK(refused.kind == error_kind::invalid_argument);
    CHECK(refused.says("a read model in memory has no checkpoint"));
    CHECK(db.file() == ":memory:");
    CHECK_FALSE(error_of([&] { db.execute("CREAT TABLE x (y)"); }).says(":memory:"));
}

TEST_CASE("SQL with a byte 0 is refused, instead of running what stands before it") {
    auto db = with_table();
    using namespace std::string_literals;
    for (const auto& sql : {"DELETE FROM t\0 WHERE 1 = 0"s, "DELETE FROM t\0"s, "\0DELETE FROM t"s,
                            "DELETE FROM t WHERE value = '\0'"s}) {
        for (const bool is_script : {false, true}) {
            const auto refused = error_of([&] { is_script ? db.execute_script(sql) : void(db.execute(sql)); });
            CHECK(refused.kind == error_kind::invalid_argument);
            CHECK(refused.says("the SQL has a byte 0 at offset " + std::to_string(sql.find('\0'))));
            CHECK(refused.says("pass values as parameters (?1)"));
        }
    }
    CHECK(round_trip<std::string>(db, "a\0b"s) == "a\0b"s);
}

TEST_CASE("opening a file that is not a read model is refused by name") {
    const temp_dir dir;
    const auto open = [&](const std::filesystem::path& file) {
        return error_of([&] { (void)read_model::open_read_only(file); });
    };
    const auto absent = open(dir / "absent.db");
    CHECK(absent.kind == error_kind::io);
    CHECK(absent.says((dir / "absent.db").string() + ": there is no such read model"));
    CHECK(!std::filesystem::exists(dir / "absent.db"));

    // What a kill can leave of a file that was being made.
    std::ofstream{dir / "empty.db"};
    std::ofstream{dir / "zeros.db"} << std::string(8192, '\0');
    run_sql(dir / "blank.db", "PRAGMA user_version = 0; PRAGMA journal_mode = WAL; VACUUM");
    for (const auto* const name : {"empty.db", "zeros.db", "blank.db"}) {
        CAPTURE(name);
        const auto size = std::filesystem::file_size(dir / name);
        const auto empty = open(dir / name);
        CHECK(empty.kind == error_kind::corrupt);
        CHECK(empty.says((dir / name).string() + ": is empty, its making was interrupted; it was left untouched"));
        CHECK(std::filesystem::file_size(dir / name) == size);
        for (const auto* const suffix : {"-wal", "-shm", "-journal"})
            CHECK(!std::filesystem::exists((dir / name).string() + suffix));
    }

    std::ofstream{dir / "text.db"} << std::string(5000, 'x');
    const auto text = open(dir / "text.db");
    CHECK(text.kind == error_kind::foreign_file);
    CHECK(text.says((dir / "text.db").string()));

    run_sql(dir / "other.db", "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
    const auto other = open(dir / "other.db");
    CHECK(other.kind == error_kind::foreign_file);
    CHECK(other.says("is an SQLite file, but not a read model"));
    CHECK(!std::filesystem::exists(dir / "other.db-shm"));

    run_sql(dir / "newer.db", "PRAGMA application_id = 0x53544C52; PRAGMA user_version = 99");
    const auto newer = open(dir / "newer.db");
    CHECK(newer.kind == error_kind::newer_format);
    CHECK(newer.says("has read model format 99, this library knows up to 1"));
}
