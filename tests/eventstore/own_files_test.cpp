// Whatever lies in the place of a file of the library: it is told or replaced at once, and what a link leads to is
// never touched.

#include "support/board.hpp"
#include "support/errors.hpp"
#include "support/projections.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string_view>

using namespace testing;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view text_of_victim = "what nobody may change\n";

struct obstacle {
    std::string_view name;
    std::function<void(const fs::path& place, const fs::path& victim)> put;
};

const std::vector<obstacle>& obstacles() {
    static const std::vector<obstacle> all{
        {"a symbolic link", [](const auto& place, const auto& victim) { fs::create_symlink(victim, place); }},
        {"a fifo", [](const auto& place, const auto&) { REQUIRE(::mkfifo(place.c_str(), 0600) == 0); }},
        {"a directory", [](const auto& place, const auto&) { fs::create_directory(place); }},
    };
    return all;
}

void open_and_append(const fs::path& directory) {
    auto store = stele::sqlite_store::open(directory / "events.db");
    append_some(store, 1);
}

// Runs the projections of a new store in the directory.
void run_with_snapshot(const fs::path& directory) {
    stele::memory_store store;
    append_some(store, 5);
    stele::projection_runner runner{store, directory};
    runner.add<board>();
    runner.catch_up();
    runner.take_snapshot<board>();
}

void back_up(const fs::path& directory) {
    auto store = stele::sqlite_store::open(directory / "other.db");
    store.backup(directory / "copy.db");
}

struct file_of_ours {
    std::string_view name;
    std::function<void(const fs::path& directory)> use;
    bool may_succeed = false;  // a snapshot is replaced
};

const std::vector<file_of_ours>& files_of_ours() {
    static const std::vector<file_of_ours> all{
        {"events.db", &open_and_append},
        {"events.db-lock", &open_and_append},
        {"runner.lock", &run_with_snapshot},
        {"board.snapshot", &run_with_snapshot, true},
        {"board.snapshot.new", &run_with_snapshot},
        {"copy.db", &back_up},
        {"totals.db",
         [](const fs::path& directory) {
             static_cast<void>(stele::read_model::open_read_only(directory / "totals.db"));
         }},
    };
    return all;
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("what lies in the place of a file of the library is told, and no link is followed to write") {
    for (const auto& file : files_of_ours())
        for (const auto& obstacle : obstacles()) {
            const temp_dir directory;
            const auto victim = directory / "victim";
            std::ofstream(victim) << text_of_victim;
            const auto place = directory / file.name;
            obstacle.put(place, victim);
            CAPTURE(place);
            CAPTURE(obstacle.name);
            std::string message;
            try {
                file.use(directory.path);
            } catch (const stele::error& refused) {
                message = refused.what();
            }
            CAPTURE(message);
            // A name of a store may be a link; then the file that it leads to is told.
            const bool names_file = message.find(place.filename().string()) != std::string::npos ||
                                    message.find(victim.string()) != std::string::npos;
            CHECK((names_file || (file.may_succeed && message.empty())));
            if (file.name.ends_with("lock") || file.name.ends_with(".new")) {
                CHECK(message.find(obstacle.name) != std::string::npos);
            }
            CHECK(content_of(victim) == text_of_victim);
        }
}

TEST_CASE("a snapshot that a killed process was writing is replaced, and its other names keep what they had") {
    const temp_dir directory;
    const auto victim = directory / "victim";
    std::ofstream(victim) << text_of_victim;
    fs::create_hard_link(victim, directory / "board.snapshot.new");
    run_with_snapshot(directory.path);
    CHECK(fs::exists(directory / "board.snapshot"));
    CHECK(content_of(victim) == text_of_victim);
}
