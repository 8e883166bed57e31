// A read model whose file or directory is taken away, or has something else in its place, while it is open.

#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

using namespace std::chrono_literals;
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
        for (const bool in_a_batch : {false, true}) {
            CAPTURE(what);
            CAPTURE(in_a_batch);
            const temp_dir outer;
            const auto directory = outer / "read";
            stele::memory_store store;
            append_some(store, 20);
            projection_runner runner{store, directory, {.batch_events = 5}};
            runner.add<totals>();
            runner.catch_up();
            append_some(store, 40, 2);
            if (in_a_batch)
                before_projecting = [&, done = false](const stele::recorded_event& at) mutable {
                    if (at.position.value > 30 && !done) lose(directory), done = true;
                };
            else
                lose(directory);
            expect_said(error_of([&] { runner.catch_up(); }), directory);
            before_projecting = nullptr;
            const auto shown = runner.status().at(0).checkpoint.value;
            CHECK(shown <= 30);
            expect_said(error_of([&] { runner.catch_up(); }), directory);
            runner.start();
            CHECK_FALSE(runner.wait_for<totals>(store.head(), 200ms));
            CHECK(runner.status().at(0).last_error.find("moved, deleted or replaced") != std::string::npos);
            runner.stop();
            CHECK(runner.status().at(0).checkpoint.value == shown);
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
