// Two generations of a read model, compared row by row.

#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>

using namespace testing;
using stele::diff_read_models;
using stele::error_kind;
using stele::model_difference;
using stele::projection_runner;

namespace {

namespace fs = std::filesystem;

/// A read model with these tables, created without the library.
fs::path make_model(const temp_dir& directory, const std::string& name, const std::string& sql) {
    const auto folder = directory / name;
    {
        stele::memory_store store;
        projection_runner runner{store, folder};
        runner.add<labels>();
        runner.catch_up();
    }
    auto file = folder / "labels.1.db";
    run_sql(file, sql);
    return file;
}

struct comparison {
    std::vector<std::string> lines;
    stele::diff_summary summary;
};

comparison compare(const std::string& old_sql, const std::string& new_sql) {
    const temp_dir directory;
    comparison result;
    result.summary = diff_read_models(make_model(directory, "old", old_sql), make_model(directory, "new", new_sql),
                                      [&](const model_difference& each) {
                                          result.lines.push_back(each.message());
                                          return true;
                                      });
    return result;
}

using lines = std::vector<std::string>;

/// Counts by twos what `totals` counts by ones, and forgets counter 3.
struct changed_totals : totals {
    static constexpr int version = 2;
    using totals::project;
    static void project(const CounterOpened& event, const stele::recorded_event& at, stele::read_model& db) {
        if (at.stream != "counter-3") totals::project(event, at, db);
    }
    static void project(const Decremented& event, const stele::recorded_event& at, stele::read_model& db) {
        Decremented other;
        other.set_by(event.by() + 1);
        totals::project(other, at, db);
    }
};

}  // namespace

TEST_CASE("rows are matched by key and compared column by column") {
    const auto found = compare(
        R"(CREATE TABLE t (b TEXT, a INTEGER, v TEXT, w REAL, PRIMARY KEY (a, b)) WITHOUT ROWID;
           INSERT INTO t VALUES ('x', 1, 'same', 1.5), ('x', 2, 'it''s', 1.5), ('y', 2, 'gone', NULL),
                                ('z', 3, NULL, 0.0))",
        R"(CREATE TABLE t (b TEXT, a INTEGER, v TEXT, w REAL, PRIMARY KEY (a, b)) WITHOUT ROWID;
           INSERT INTO t VALUES ('x', 1, 'same', 1.5), ('x', 2, x'00FF', 2.5), ('a', 2, 'came', 7.0),
                                ('z', 3, '', 0.0))");
    CHECK(found.lines == lines{"t, a 2, b 'x': v 'it''s' -> X'00FF', w 1.5 -> 2.5",
                               "t, a 2, b 'y': only in the old generation: v 'gone', w NULL",
                               "t, a 3, b 'z': v NULL -> ''",
                               "t, a 2, b 'a': only in the new generation: v 'came', w 7.0"});
    CHECK(found.summary.changed == 2);
    CHECK(found.summary.only_old == 1);
    CHECK(found.summary.only_new == 1);
    CHECK(found.summary.message() == "2 rows changed, 1 only in the old generation, 1 only in the new one, both at 0");
}

TEST_CASE("rows without a unique key are compared by content and count") {
    const std::string tables = R"(CREATE TABLE plain (v); CREATE TABLE nulls (k TEXT PRIMARY KEY, v);)";
    const auto found = compare(
        tables +
            R"(INSERT INTO plain VALUES (1), (1), (2), ('a'), (NULL); INSERT INTO nulls VALUES (NULL, 1), ('k', 2))",
        tables + R"(INSERT INTO plain VALUES (2), (1), (1.0), ('A'), (NULL);
                    INSERT INTO nulls VALUES (NULL, 3), ('k', 2))");
    CHECK(found.lines == lines{"nulls: only in the old generation: k NULL, v 1",
                               "nulls: only in the new generation: k NULL, v 3",
                               "plain: only in the old generation: v 1", "plain: only in the new generation: v 1.0",
                               "plain: only in the new generation: v 'A'", "plain: only in the old generation: v 'a'"});
    CHECK(compare("CREATE TABLE plain (v); INSERT INTO plain VALUES (5), (5), (5)", "CREATE TABLE plain (v)")
              .lines.size() == 3);
}

TEST_CASE("a value differs if its bytes or its type do, whatever its collation treats as equal") {
    const std::string table =
        "CREATE TABLE \"a \"\"table\" (\"the key\" TEXT COLLATE NOCASE PRIMARY KEY, v COLLATE NOCASE);"
        "INSERT INTO \"a \"\"table\" VALUES ";
    const auto found = compare(table + "('k', 'v'), ('l', 1)", table + "('K', 'V'), ('l', 1.0)");
    CHECK(found.lines ==
          lines{"a \"table, the key 'k': the key 'k' -> 'K', v 'v' -> 'V'", "a \"table, the key 'l': v 1 -> 1.0"});
}

TEST_CASE("numbers are shown as people write them, and each can be told from the next one") {
    const auto shown = [](const std::string& value) {
        const std::string table = "CREATE TABLE t (k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, ";
        const auto changed = compare(table + "NULL)", table + value + ")");
        REQUIRE(changed.lines.size() == 1);
        const std::string plain = "CREATE TABLE t (v); ";
        const auto whole = compare(plain, plain + "INSERT INTO t VALUES (" + value + ")");
        CHECK(whole.lines == lines{"t: only in the new generation: v " + changed.lines[0].substr(18)});
        CHECK(changed.lines[0].starts_with("t, k 1: v NULL -> "));
        return changed.lines[0].substr(18);
    };
    CHECK(shown("0.1 + 0.2") == "0.30000000000000004");
    CHECK(shown("100.0") == "100.0");
    CHECK(shown("-0.5") == "-0.5");
    CHECK(shown("4.35 * 100") == "434.99999999999994");
    CHECK(shown("12345678.9") == "12345678.9");
    CHECK(shown("123456789012345.0") == "123456789012345.0");
    CHECK(shown("1e300") == "1e+300");
    CHECK(shown("9e999") == "9e999");
    CHECK(shown("-9e999") == "-9e999");
    CHECK(shown("9223372036854775807") == "9223372036854775807");
    CHECK(shown("-9223372036854775807 - 1") == "-9223372036854775808");
    CHECK(shown("'it''s'") == "'it''s'");
    CHECK(shown("x'00ff10'") == "X'00FF10'");
    CHECK(shown("x''") == "X''");
    CHECK(shown("''") == "''");
}

TEST_CASE("a real number that is shown is read back as the same, whatever its bits are") {
    std::mt19937_64 random{std::random_device{}()};
    std::vector<double> values;
    std::string sql = "CREATE TABLE t (k INTEGER PRIMARY KEY, v);";
    for (int k = 0; k < 500; ++k) {
        auto value = std::bit_cast<double>(random());
        if (k % 3 == 0) value = static_cast<double>(random() % 10'000'000) / 100;
        if (!std::isfinite(value)) value = 0.1;
        // SQLite's own reading of a text is not exact.
        sql += fmt::format("INSERT INTO t VALUES ({}, {:.17e});", k, value);
        values.push_back(value);
    }
    const auto found = compare("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", sql);
    REQUIRE(found.lines.size() == values.size());
    for (std::size_t k = 0; k < values.size(); ++k) {
        const auto text = found.lines[k].substr(found.lines[k].rfind(' ') + 1);
        INFO("the line is ", found.lines[k], ", the value ", fmt::format("{}", values[k]));
        const auto shown = std::strtod(text.c_str(), nullptr);
        CHECK(std::abs(shown - values[k]) <= std::abs(values[k]) * 1e-14);
        CHECK((text == fmt::format("{}", shown) || text == fmt::format("{}.0", shown)));
    }
}

TEST_CASE("tables and columns of only one generation are reported once") {
    const auto found = compare(
        R"(CREATE TABLE before (x); INSERT INTO before VALUES (1); CREATE TABLE t (k INTEGER PRIMARY KEY, v, old);
           INSERT INTO t VALUES (1, 2, 3); CREATE TABLE rekeyed (k INTEGER PRIMARY KEY, v);
           INSERT INTO rekeyed VALUES (1, 2))",
        R"(CREATE TABLE after (x); CREATE TABLE t (k INTEGER PRIMARY KEY, new, v); INSERT INTO t VALUES (1, 3, 2);
           CREATE TABLE rekeyed (k TEXT PRIMARY KEY, v); INSERT INTO rekeyed VALUES ('1', 2);
           CREATE VIEW seen AS SELECT 1; CREATE VIRTUAL TABLE words USING fts5(word))");
    CHECK(found.lines ==
          lines{"before: a table of the old generation only", "rekeyed: only in the old generation: k 1, v 2",
                "rekeyed: only in the new generation: k '1', v 2", "t.old: a column of the old generation only",
                "t.new: a column of the new generation only", "after: a table of the new generation only"});
    CHECK(found.summary.tables_and_columns == 4);
}

TEST_CASE("the caller can end a comparison early") {
    const temp_dir directory;
    const std::string table = "CREATE TABLE t (v);";
    const auto first = make_model(directory, "old", table);
    const auto second = make_model(directory, "new", table + "INSERT INTO t VALUES (1), (2), (3)");
    int seen = 0;
    CHECK(diff_read_models(first, second, [&](const auto&) { return ++seen < 2; }).only_new == 2);
    CHECK(seen == 2);
    CHECK(diff_read_models(first, second).only_new == 3);
    CHECK(diff_read_models(first, directory / "old/labels.db").none());  // the stable name of the same generation
    CHECK(error_of([&] { diff_read_models(first, directory / "none.db"); }).kind == error_kind::io);
}

TEST_CASE("the generations of a projection are compared at the same position") {
    stele::memory_store store;
    append_some(store, 300);
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    CHECK(error_of([&] { runner.diff<totals>(); }).says("no second complete generation"));
    runner.rebuild<totals>({.swap = false});
    append_some(store, 30, 2);
    const auto none = runner.diff<totals>();
    CHECK(none.none());
    CHECK(none.old_checkpoint == none.new_checkpoint);
    append_some(store, 30, 3);
    runner.catch_up();
    CHECK(runner.diff<totals>().none());
    CHECK(runner.diff<totals>().new_checkpoint == stele::position{360});
    runner.swap_in<totals>();
    CHECK(runner.diff<totals>().none());  // with the one from before
}

TEST_CASE("a fix of a projection is reviewed before it serves") {
    stele::memory_store store;
    append_some(store, 300);
    const temp_dir directory;
    {
        projection_runner runner{store, directory.path};
        runner.add<totals>();
        runner.catch_up();
    }
    append_some(store, 100, 2);  // the old version no longer applies them
    projection_runner runner{store, directory.path};
    runner.add<changed_totals>();
    runner.rebuild<changed_totals>({.swap = false});
    lines found;
    const auto summary = runner.diff<changed_totals>([&](const model_difference& each) {
        found.push_back(each.message());
        return true;
    });
    CHECK(summary.old_checkpoint == stele::position{300});
    CHECK(summary.new_checkpoint == stele::position{300});
    std::uint64_t decrements = 0;
    for (const auto& event : store.read_all({.up_to = {300}}).events())
        decrements += event.type == "testing.Decremented";
    // A change for each decrement, the rows of the counters, and no counter 3.
    CHECK(summary.changed == decrements + 6);
    CHECK(summary.only_old == 1);
    CHECK(summary.only_new == 0);
    CHECK(std::ranges::count_if(found, [](const auto& line) {
              return line.starts_with(
                  "totals, counter '3': only in the old generation: label 'label counter-3', value ");
          }) == 1);
    CHECK(std::ranges::count_if(found,
                                [](const auto& line) { return line.starts_with("totals, counter '5': value "); }) == 1);
    runner.swap_in<changed_totals>();
    CHECK(runner.wait_for<changed_totals>(store.head(), std::chrono::milliseconds{0}));
}
