// A read model whose file or directory is taken away, or has something else in its place, while it is open.

#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/working_directory.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

using namespace testing;
using stele::error_kind;
using stele::projection_runner;
using stele::read_model;

namespace {

namespace fs = std::filesystem;

// What is done to DIRECTORY/totals.1.db.
const std::map<std::string, std::function<void(const fs::path& directory)>> losses{
    {"file removed", [](const fs::path& directory) { fs::remove(directory / "totals.1.db"); }},
    {"file moved",
     [](const fs::path& directory) { fs::rename(directory / "totals.1.db", directory / "elsewhere.db"); }},
    {"file replaced",
     [](const fs::path& directory) {
         fs::copy_file(directory / "totals.1.db", directory / "copy.db");
         fs::rename(directory / "copy.db", directory / "totals.1.db");
     }},
    {"log removed", [](const fs::path& directory) { fs::remove(directory / "totals.1.db-wal"); }},
    {"index removed", [](const fs::path& directory) { fs::remove(directory / "totals.1.db-shm"); }},
    {"log replaced",
     [](const fs::path& directory) {
         fs::copy_file(directory / "totals.1.db-wal", directory / "copy.db");
         fs::rename(directory / "copy.db", directory / "totals.1.db-wal");
     }},
    {"directory moved", [](const fs::path& directory) { fs::rename(directory, directory.string() + ".old"); }},
    {"directory removed", [](const fs::path& directory) { fs::remove_all(directory); }},
    {"directory replaced",
     [](const fs::path& directory) {
         fs::copy(directory, directory.string() + ".copy",
                  fs::copy_options::recursive | fs::copy_options::copy_symlinks);
         fs::rename(directory, directory.string() + ".old");
         fs::rename(directory.string() + ".copy", directory);
     }},
};

void expect_said(const caught& fault, const fs::path& directory) {
    INFO(fault.message);
    CHECK(fault.kind == error_kind::io);
    CHECK(fault.says((directory / "totals.1.db").string()));
}

std::string content_of(const fs::path& file) {
    std::stringstream bytes;
    bytes << std::ifstream{file, std::ios::binary}.rdbuf();
    return bytes.str();
}

}  // namespace

TEST_CASE("a read model that is taken away from its runner gets no event more, and the runner says so") {
    for (const auto& [what, lose] : losses)
        for (const auto& [in_a_batch, and_fails] :
             {std::pair{false, false}, std::pair{true, false}, std::pair{true, true}}) {
            CAPTURE(what);
            CAPTURE(in_a_batch);
            CAPTURE(and_fails);
            const temp_dir outer;
            const auto directory = outer / "read";
            stele::memory_store store;
            append_some(store, 20);
            projection_runner runner{store, directory, {.batch_events = 5, .attempts = 1}};
            runner.add<totals>();
            runner.catch_up();
            append_some(store, 40, 2);
            if (in_a_batch)
                before_projecting = [&, fails = and_fails, done = false](const stele::recorded_event& at) mutable {
                    if (at.position.value <= 30 || std::exchange(done, true)) return;
                    lose(directory);
                    if (fails) throw stele::error{error_kind::corrupt, "as SQLite may say of such a file"};
                };
            else
                lose(directory);
            expect_said(error_of([&] { runner.catch_up(); }), directory);
            before_projecting = nullptr;
            const auto shown = runner.status().at(0).checkpoint.value;
            CHECK(shown <= 30);
            expect_said(error_of([&] { runner.catch_up(); }), directory);
            runner.start();
            // It ends when the first step has failed.
            CHECK_FALSE(runner.wait_for<totals>(store.head(), std::chrono::milliseconds::max()));
            CHECK(runner.status().at(0).state == stele::projection_state::faulted);
            CHECK(runner.status().at(0).last_error.find("moved, deleted or replaced") != std::string::npos);
            runner.stop();
            CHECK(runner.status().at(0).checkpoint.value == shown);
        }
}

TEST_CASE("rows that cannot be read because their file was moved and changed are not told to be damaged") {
    const temp_dir directory;
    stele::memory_store store;
    append_some(store, 20'000);
    {
        projection_runner runner{store, directory.path};
        runner.add<totals>();
        runner.catch_up();
    }
    for (const bool is_attached : {false, true}) {
        CAPTURE(is_attached);
        auto db = is_attached ? read_model::open_read_only(directory / "copy.db")
                              : read_model::open_read_only(directory / "totals.db");
        if (is_attached) db.attach(directory / "totals.db", "other");
        const auto fault = error_of([&] {
            auto rows = db.query<int>(is_attached ? "SELECT by FROM other.changes ORDER BY id"
                                                  : "SELECT by FROM changes ORDER BY id");
            auto row = rows.begin();
            fs::rename(directory / "totals.1.db", directory / "away.db");
            fs::copy_file(directory / "away.db", directory / "copy.db", fs::copy_options::overwrite_existing);
            fs::resize_file(directory / "away.db", 8192);
            while (row != rows.end()) ++row;
        });
        CHECK(fault.kind == error_kind::io);
        CHECK(fault.says((directory / "totals.1.db").string() + ": the file was moved, deleted or replaced"));
        CHECK_FALSE(fault.says("damaged"));
        fs::copy_file(directory / "copy.db", directory / "totals.1.db");
    }
}

TEST_CASE("a runner whose directory was moved away takes nothing from the one that runs there now") {
    const temp_dir outer;
    const auto directory = outer / "read";
    stele::memory_store store;
    append_some(store, 20);
    std::optional<projection_runner> first{std::in_place, store, directory};
    first->add<totals>();
    first->catch_up();
    fs::rename(directory, outer / "old");
    projection_runner second{store, directory};
    second.add<totals>();
    second.catch_up();
    append_some(store, 20, 2);
    second.catch_up();
    first.reset();
    CHECK(fs::file_size(directory / "totals.1.db-wal") > 0);
    CHECK(rows_of_totals(directory) == fresh_replay(store));
}

TEST_CASE("a generation that was made by somebody else is left alone by what removes generations") {
    const std::map<std::string, std::function<void(const fs::path&)>> files{
        {"a text", [](const fs::path& file) { std::ofstream{file} << "notes of somebody"; }},
        {"an SQLite file of another program", [](const fs::path& file) { run_sql(file, "CREATE TABLE notes (text)"); }},
        {"a directory", [](const fs::path& file) { fs::create_directory(file); }},
        {"a fifo", [](const fs::path& file) { REQUIRE(::mkfifo(file.c_str(), 0600) == 0); }},
    };
    for (const auto& [what, put] : files)
        for (const auto* const name :
             {"totals.1.db", "totals.9.db", "totals.01.db", "totals.x.db", "totals.1.db.old"}) {
            CAPTURE(what);
            CAPTURE(name);
            const temp_dir directory;
            stele::memory_store store;
            append_some(store, 20);
            fs::create_symlink("totals.4.db", directory / "totals.db");
            run_sql(directory / "totals.3.db", "SELECT 1");
            const auto place = directory / name;
            std::string before;
            const auto place_it = [&] {
                put(place);
                if (fs::is_regular_file(place)) before = content_of(place);
            };
            if (std::string_view{name} != "totals.9.db") place_it();
            projection_runner runner{store, directory.path};
            runner.add<totals>();
            runner.catch_up();
            if (before.empty() && fs::symlink_status(place).type() == fs::file_type::not_found) place_it();
            std::string refused;
            for (int i = 0; i < 3; ++i) try {
                    runner.rebuild<totals>();
                } catch (const stele::error& fault) {
                    refused = fault.what();
                }
            CAPTURE(refused);
            // Numbers above the one that serves are those of generations that are being built.
            CHECK(refused.empty() == (std::string_view{name} != "totals.9.db"));
            if (!refused.empty()) CHECK(refused.find(place.string()) != std::string::npos);
            CHECK(rows_of_totals(directory.path) == fresh_replay(store));
            CHECK(fs::symlink_status(place).type() != fs::file_type::not_found);
            if (fs::is_regular_file(place)) CHECK(content_of(place) == before);
        }
}

TEST_CASE("a runner and read models stay with their directory, wherever the program goes") {
    const temp_dir outer;
    const working_directory before;
    for (const auto* const name : {"mine", "others"}) fs::create_directory(outer / name);
    stele::memory_store store, of_others;
    append(of_others, 1, opened("theirs"));
    fs::current_path(outer / "others");
    {
        projection_runner others{of_others, "read"};
        others.add<totals>();
        others.add<labels>();
        others.catch_up();
    }
    append_some(store, 20);
    fs::current_path(outer / "mine");
    projection_runner runner{store, "read"};
    runner.add<totals>();
    runner.add<labels>();
    runner.catch_up();
    auto db = read_model::open_read_only("read/totals.db");
    db.attach("read/labels.db", "named");
    const auto mine = outer / "mine" / "read";
    for (const auto* const elsewhere : {"others", "."}) {
        CAPTURE(elsewhere);
        fs::current_path(outer / elsewhere);
        append_some(store, 20, 2);
        runner.catch_up();
        runner.rebuild<totals>();
        runner.rebuild<labels>();
        CHECK(rows_of_totals(db) == fresh_replay(store));
        CHECK(rows_of_totals(mine) == fresh_replay(store));
        CHECK(db.query_one<std::int64_t>("SELECT count(*) FROM named.labels WHERE label = 'theirs'") == std::tuple{0});
        const auto attached =
            db.query_one<std::string>("SELECT file FROM pragma_database_list WHERE name = 'named'").value();
        CHECK(fs::path{std::get<0>(attached)}.parent_path() == fs::canonical(mine));
        CHECK(db.file().parent_path() == mine);
    }
}

TEST_CASE("the runner that replaces a damaged read model gives no advice besides") {
    const std::map<std::string, std::function<void(const fs::path&)>> damages{
        {"its pages are lost, but the first",
         [](const fs::path& file) {
             std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
             bytes.seekp(4096);
             bytes << std::string(fs::file_size(file) - 4096, '\0');
         }},
        {"its end is lost", [](const fs::path& file) { fs::resize_file(file, 5000); }},
        {"it is empty", [](const fs::path& file) { fs::resize_file(file, 0); }},
        {"it does not say whose it is", [](const fs::path& file) { run_sql(file, "DELETE FROM stele_projection"); }},
        {"a number is wrong",
         [](const fs::path& file) {
             run_sql(file, "PRAGMA ignore_check_constraints = 1; UPDATE stele_projection SET checkpoint = -1");
         }},
        {"its format is wrong", [](const fs::path& file) { run_sql(file, "PRAGMA user_version = 0"); }},
    };
    for (const auto& [what, damage] : damages) {
        CAPTURE(what);
        const temp_dir directory;
        stele::memory_store store;
        append_some(store, 20);
        projection_runner{store, directory.path}.add<totals>();
        damage(directory / "totals.1.db");
        projection_runner runner{store, directory.path};
        runner.add<totals>();
        const auto said = runner.status().at(0).last_error;
        INFO(said);
        CHECK(said.ends_with("; the file is left as it is, and a new one is built from all events"));
        for (const auto* const advice : {"restore", "rebuild", "damaged;"})
            CHECK(said.find(advice) == std::string::npos);
        runner.catch_up();
        CHECK(rows_of_totals(directory.path) == fresh_replay(store));
    }
}
