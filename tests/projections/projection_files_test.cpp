// Whose file it is, which generation serves, and what is refused.

#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/generations/read_model_diff.hpp>

#include <sqlite3.h>

#include <chrono>
#include <fstream>
#include <optional>

using namespace std::chrono_literals;
using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;
using stele::read_model;

namespace {

namespace fs = std::filesystem;

/// Named like totals; each variant changes something else.
struct totals_2 : totals {
    static constexpr int version = 2;
    static void create(stele::read_model& db) {
        totals::create(db);
        db.execute("CREATE TABLE second_version (x)");
    }
};
struct totals_of_fewer_events : totals {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
};
struct totals_in_other_order : totals {
    static constexpr auto events = hana::tuple_t<Decremented, CounterOpened, Incremented>;
};
struct totals_with_index : totals {
    static void create(stele::read_model& db) {
        totals::create(db);
        db.execute("CREATE INDEX by_value ON totals (value)");
    }
};
struct reindented_labels : labels {
    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE labels (\n    counter TEXT PRIMARY KEY,\n    label TEXT NOT NULL\n)");
    }
};
struct broken_create : totals {
    static void create(stele::read_model& db) { db.execute("CREATE TABEL totals (x)"); }
};

template <class P>
void run(stele::event_store& store, const fs::path& directory) {
    projection_runner runner{store, directory};
    runner.add<P>();
    runner.catch_up();
}

std::vector<std::string> files_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{directory}) {
        auto name = entry.path().filename().string();
        if (fs::is_symlink(entry.path())) name += " -> " + fs::read_symlink(entry.path()).string();
        names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("a read model of another version, other events or other tables is not touched") {
    stele::memory_store store;
    append_some(store, 50);
    const temp_dir directory;
    run<totals>(store, directory.path);
    run<labels>(store, directory.path);
    append(store, 1, incremented(1));

    const auto refused = [&]<class P>(P) { return error_of([&] { run<P>(store, directory.path); }); };
    const auto newer = refused(totals_2{});
    CHECK(newer.kind == error_kind::needs_rebuild);
    CHECK(newer.says((directory / "totals.1.db").string() + ": was built by version 1 of projection totals, this "
                                                            "program has version 2"));
    CHECK(newer.says("rebuild"));
    CHECK(refused(totals_of_fewer_events{}).says("with other events or tables; if this program is the newer one"));
    CHECK(refused(totals_with_index{}).kind == error_kind::needs_rebuild);
    CHECK(read_model::open_read_only(directory / "totals.db").checkpoint() == position{50});

    const temp_dir newer_directory;
    run<totals_2>(store, newer_directory.path);
    const auto older = error_of([&] { run<totals>(store, newer_directory.path); });
    CHECK(
        older.says("was built by version 2 of projection totals, this program has version 1; nothing was changed; "
                   "run a program with version 2, or, to go back to version 1, rebuild the projection"));

    run<totals_in_other_order>(store, directory.path);
    CHECK(read_model::open_read_only(directory / "totals.db").checkpoint() == position{51});
    run<reindented_labels>(store, directory.path);
    CHECK(read_model::open_read_only(directory / "labels.db").checkpoint() == position{51});
}

TEST_CASE("rebuild creates a new generation, and readers switch to it between two queries") {
    stele::memory_store store;
    append_some(store, 50);
    const temp_dir directory;
    run<totals>(store, directory.path);
    auto db = read_model::open_read_only(directory / "totals.db");
    auto pinned = read_model::open_read_only(directory / "totals.1.db");
    const auto old_rows = rows_of_totals(db);
    append_some(store, 50, 2);

    projection_runner runner{store, directory.path};
    runner.add<totals_2>();
    auto reading = db.query<std::string>("SELECT counter FROM totals ORDER BY counter");
    auto row = reading.begin();
    const auto first = std::get<0>(*row);
    runner.rebuild<totals_2>();
    CHECK(files_in(directory.path) == names{"runner.lock", "totals.1.db", "totals.1.db-shm", "totals.1.db-wal",
                                            "totals.2.db", "totals.2.db-shm", "totals.2.db-wal",
                                            "totals.db -> totals.2.db"});
    // A query reads rows of the generation it began with, and so does a query inside it.
    ++row;
    CHECK(std::get<0>(*row) > first);
    CHECK(db.file().filename() == "totals.1.db");
    CHECK(rows_of_totals(db) == old_rows);
    while (row != reading.end()) ++row;
    {
        const auto finished = std::move(reading);
    }

    CHECK(rows_of_totals(db) == fresh_replay(store));
    CHECK(db.file().filename() == "totals.2.db");
    CHECK(db.query_one<int>("SELECT count(*) FROM second_version") == std::tuple{0});
    CHECK(rows_of_totals(pinned) == old_rows);

    append(store, 1, incremented(4));
    runner.catch_up();  // continues with the new generation
    CHECK(rows_of_totals(db) == fresh_replay(store));
    runner.rebuild<totals_2>();
    CHECK(db.file().filename() == "totals.2.db");
    CHECK(rows_of_totals(db) == fresh_replay(store));
    CHECK(db.file().filename() == "totals.3.db");
    CHECK(!fs::exists(directory / "totals.1.db"));
    CHECK(fs::exists(directory / "totals.2.db"));
}

TEST_CASE("a consistent view over several queries stays with its generation") {
    stele::memory_store store;
    append_some(store, 20);
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    auto db = read_model::open_read_only(directory / "totals.db");
    db.execute("BEGIN");
    const auto rows = rows_of_totals(db);
    append_some(store, 20, 2);
    runner.catch_up();
    CHECK(rows_of_totals(db) == rows);
    runner.rebuild<totals>();
    CHECK(rows_of_totals(db) == rows);
    CHECK(db.checkpoint() == position{20});
    db.execute("COMMIT");
    CHECK(db.checkpoint() == position{40});
    CHECK(error_of([&] { db.execute("DELETE FROM totals"); }).says("was opened for reading"));
}

TEST_CASE("two read models are joined, and both are followed") {
    stele::memory_store store;
    append(store, 1, opened("one"));
    append(store, 1, incremented(8));
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.add<labels>();
    runner.catch_up();
    auto db = read_model::open_read_only(directory / "totals.db");
    db.attach(directory / "labels.db", "named");
    const auto joined = [&] {
        return db.query_one<std::string, int>(
            "SELECT named.labels.label, value FROM totals JOIN named.labels USING (counter)");
    };
    CHECK(joined() == std::tuple{"one", 8});
    append(store, 1, incremented(1));
    runner.catch_up();
    for (int round = 0; round < 3; ++round) {
        runner.rebuild<labels>();
        CHECK(joined() == std::tuple{"one", 9});
        runner.rebuild<totals>();
        CHECK(joined() == std::tuple{"one", 9});
    }
    CHECK(db.query_one<std::string>("SELECT file FROM pragma_database_list WHERE name = 'named'") ==
          std::tuple{fs::canonical(directory / "labels.4.db").string()});
    CHECK(error_of([&] { db.execute("ATTACH 'x.db' AS x"); }).says("read_model::attach()"));
    CHECK(error_of([&] { db.attach(directory / "labels.db", "no name"); }).says("cannot be attached as 'no name'"));
    CHECK(error_of([&] { db.attach(directory / "nothing.db", "nothing"); }).kind == error_kind::io);
    CHECK(error_of([&] { db.execute("DELETE FROM named.labels"); }).says("was opened for reading"));
}

TEST_CASE("a rebuild that fails leaves the old generation serving and nothing behind") {
    stele::memory_store store;
    append_some(store, 50);
    const temp_dir directory;
    projection_runner runner{store, directory.path, {.batch_events = 10}};
    runner.add<totals>();
    runner.catch_up();
    const auto rows = rows_of_totals(directory.path);
    before_projecting = [](const stele::recorded_event& at) {
        if (at.position.value > 30) throw std::runtime_error("no");
    };
    CHECK(error_of([&] { runner.rebuild<totals>(); }).says("totals.2.db) failed at position 3"));
    before_projecting = nullptr;
    CHECK(files_in(directory.path) ==
          names{"runner.lock", "totals.1.db", "totals.1.db-shm", "totals.1.db-wal", "totals.db -> totals.1.db"});
    CHECK(rows_of_totals(directory.path) == rows);
    append_some(store, 10, 2);
    runner.catch_up();
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
}

TEST_CASE("a read model of another store, or of a restored older one, is not touched") {
    const temp_dir directory;
    stele::memory_store earlier;
    append_some(earlier, 40);
    stele::memory_store store;
    append_some(store, 30);
    run<totals>(store, directory.path);

    stele::memory_store shorter;
    append_some(shorter, 29);
    const auto beyond = error_of([&] { run<totals>(shorter, directory.path); });
    CHECK(beyond.kind == error_kind::other_store);
    CHECK(beyond.says("has seen events up to position 30, but the store ends at 29"));
    stele::memory_store other;
    append_some(other, 40);
    const auto elsewhere = error_of([&] { run<totals>(other, directory.path); });
    CHECK(elsewhere.kind == error_kind::other_store);
    CHECK(elsewhere.says("at position 30, and the store has one of "));
    CHECK(elsewhere.says("another store"));
    const auto before = error_of([&] { run<totals>(earlier, directory.path); });
    CHECK(before.kind == error_kind::other_store);
    CHECK(before.says("at position 30, where the store has event"));

    run<totals>(store, directory.path);
    projection_runner runner{other, directory.path};
    runner.add<totals>();
    // It is at 30 already, but of another history: nothing that was appended here is in it.
    runner.start();
    const auto waited = runner.wait_for<totals>({35}, std::chrono::milliseconds::max());
    CHECK_FALSE(waited);
    CHECK_FALSE(runner.wait_for<totals>({5}, std::chrono::milliseconds::max()));
    runner.stop();
    runner.rebuild<totals>();
    CHECK(rows_of_totals(directory.path) == fresh_replay(other));
}

TEST_CASE("a foreign file in the way is refused by name and not changed") {
    stele::memory_store store;
    append_some(store, 10);
    const temp_dir directory;
    const auto refused = [&] { return error_of([&] { run<totals>(store, directory.path); }); };

    std::ofstream{directory / "totals.db"} << "my notes";
    const auto file = refused();
    CHECK(file.kind == error_kind::foreign_file);
    CHECK(file.says((directory / "totals.db").string() + ": is not a link to a generation"));
    CHECK(file.says("move it away"));
    CHECK(fs::file_size(directory / "totals.db") == 8);
    fs::remove(directory / "totals.db");

    fs::create_symlink("/etc/hostname", directory / "totals.db");
    CHECK(refused().says("leads to '/etc/hostname', which is not a generation"));
    fs::remove(directory / "totals.db");

    fs::create_symlink("totals.7.db", directory / "totals.db");
    run<totals>(store, directory.path);  // a generation that was deleted is built again
    CHECK(fs::read_symlink(directory / "totals.db") == "totals.1.db");
    for (const auto* const name : {"totals.db", "totals.1.db"}) fs::remove(directory / name);

    fs::create_symlink("totals.7.db", directory / "totals.db");
    std::ofstream{directory / "totals.7.db"} << std::string(5000, 'x');
    CHECK(refused().kind == error_kind::foreign_file);
    fs::remove(directory / "totals.7.db");

    run<labels>(store, directory.path);
    fs::copy_file(directory / "labels.1.db", directory / "totals.7.db");
    const auto theirs = refused();
    CHECK(theirs.kind == error_kind::foreign_file);
    CHECK(theirs.says("is the read model of projection labels, not of totals"));

    fs::remove(directory / "totals.db");
    run<totals>(store, directory.path);  // builds one above the used numbers
    CHECK(fs::read_symlink(directory / "totals.db") == "totals.8.db");

    std::ofstream{directory / "plain file"} << "x";
    CHECK(error_of([&] { projection_runner{store, directory / "plain file"}; }).kind == error_kind::io);
}

TEST_CASE("a damaged read model is set aside and rebuilt, and delays no other") {
    stele::memory_store store;
    append_some(store, 60);
    const temp_dir directory;
    run<labels>(store, directory.path);
    run<totals>(store, directory.path);
    const auto damaged = directory / "totals.1.db";
    SUBCASE("its pages are lost, but the first") {
        std::fstream file{damaged, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(4096);
        file << std::string(fs::file_size(damaged) - 4096, '\0');
    }
    SUBCASE("its end is lost") {
        fs::resize_file(damaged, 5000);
    }
    SUBCASE("it is empty") {
        fs::resize_file(damaged, 0);
    }
    SUBCASE("it does not say whose it is") {
        run_sql(damaged, "DELETE FROM stele_projection");
    }
    const auto size = fs::file_size(damaged);
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.add<labels>();
    const auto status = runner.status();
    CHECK(status[0].last_error.starts_with(damaged.string() + ": "));
    CHECK(status[0].last_error.ends_with("; the file is left as it is, and a new one is built from all events"));
    CHECK(status[1].checkpoint == position{60});
    runner.catch_up();
    CHECK(fs::read_symlink(directory / "totals.db") == "totals.2.db");
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    CHECK(fs::file_size(damaged) == size);
}

TEST_CASE("a name that belongs to a file beside a read model is refused by whatever reads one") {
    stele::memory_store store;
    append_some(store, 10);
    const temp_dir directory;
    run<totals>(store, directory.path);
    const auto file = directory / "totals.db";
    auto db = read_model::open_read_only(file);
    for (const std::string suffix : {"-wal", "-shm", "-journal", "-lock"})
        for (const bool exists : {false, true}) {
            CAPTURE(suffix);
            CAPTURE(exists);
            const auto name = directory / ("copy.db" + suffix);
            if (exists) fs::copy_file(fs::canonical(file), name);
            for (const auto& refused : {error_of([&] { (void)read_model::open_read_only(name); }),
                                        error_of([&] { db.attach(name, "other"); }),
                                        error_of([&] { (void)stele::diff_read_models(file, name); }),
                                        error_of([&] { (void)stele::diff_read_models(name, file); })}) {
                INFO(refused.message);
                CHECK(refused.kind == error_kind::invalid_argument);
                CHECK(refused.says("belongs to the read model " + (directory / "copy.db").string() + ";"));
                CHECK(refused.says("use a name that does not end in " + suffix));
            }
        }
}

TEST_CASE("a relative name that looks like a URI is the name of a file, and stays it in another directory") {
    stele::memory_store store;
    append_some(store, 10);
    const temp_dir directory;
    run<totals>(store, directory.path);
    const std::string name = "file:totals.db?mode=memory";
    fs::copy_file(fs::canonical(directory / "totals.db"), directory / name);
    auto db = read_model::open_read_only(directory / "totals.db");
    const auto before = fs::current_path();
    fs::current_path(directory.path);
    std::optional<caught> fault;
    try {
        CHECK(stele::diff_read_models(directory / "totals.db", name).none());
        CHECK(stele::diff_read_models(name, directory / "totals.db").none());
        db.attach(name, "other");
    } catch (const stele::error& failure) {
        fault = {failure.kind(), failure.what()};
    }
    fs::current_path(before);
    REQUIRE_MESSAGE(!fault, fault->message);
    CHECK(db.query_one<int>("SELECT count(*) FROM other.changes") == db.query_one<int>("SELECT count(*) FROM changes"));
}

TEST_CASE("a create() that fails leaves no file behind") {
    stele::memory_store store;
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    const auto failure = error_of([&] { runner.add<broken_create>(); });
    CHECK(failure.kind == error_kind::invalid_argument);
    CHECK(failure.says("projection totals: create() failed"));
    CHECK(failure.says("CREATE TABEL totals (x)"));
    CHECK(files_in(directory.path) == names{"runner.lock"});
    runner.add<totals>();
    runner.catch_up();
    CHECK(rows_of_totals(directory.path).empty());
}

TEST_CASE("the connection options reach the files of read models") {
    stele::memory_store store;
    append_some(store, 10);
    const temp_dir directory;
    run<totals>(store, directory.path);
    const auto file = directory / "totals.db";
    CHECK(error_of([&] { (void)read_model::open_read_only(file, {.vfs = "no such vfs"}); }).says("no such vfs"));
    CHECK(error_of([&] {
              const projection_runner elsewhere{store, directory / "elsewhere", {.connection = {.vfs = "no such vfs"}}};
          }).says("no such vfs"));

    projection_runner runner{store, directory.path, {.connection = {.busy_timeout = 20ms}}};
    runner.add<totals>();
    append_some(store, 10, 2);
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open((directory / "totals.1.db").c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(error_of([&] { runner.catch_up(); }).kind == error_kind::busy);
    CHECK(std::chrono::steady_clock::now() - begin < 4s);  // the default is 5 s
    sqlite3_close(other);
    runner.catch_up();
    CHECK(rows_of_totals(directory.path) == fresh_replay(store));
}
