// A process is killed while it applies or rebuilds: afterwards the read model equals a fresh replay, row by row.

#include "support/projections.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace testing;
using stele::projection_runner;

namespace {

constexpr int events_in_store = 400;

// Counts the steps of SQLite in this process (each changed row, each commit) and kills it at one of them.
int steps_left = 0;

void step() {
    if (--steps_left == 0) ::raise(SIGKILL);
}

int count_steps(sqlite3* db, char**, const sqlite3_api_routines*) {
    sqlite3_update_hook(db, [](void*, int, const char*, const char*, sqlite3_int64) { step(); }, nullptr);
    sqlite3_commit_hook(db, [](void*) { return step(), 0; }, nullptr);
    return SQLITE_OK;
}

// Runs `work` in a child process, which is killed at the step; returns whether it got that far.
bool killed_at(int step, const std::function<void()>& work) {
    const auto child = ::fork();
    if (child == 0) {
        steps_left = step;
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(&count_steps));
        try {
            work();
        } catch (...) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    return WIFSIGNALED(status);
}

void run(const std::filesystem::path& events, const std::filesystem::path& directory, std::size_t batch, bool rebuild) {
    auto store = stele::sqlite_store::open(events, {.durability = stele::durability::normal});
    projection_runner runner{store, directory, {.batch_events = batch}};
    runner.add<totals>();
    if (rebuild)
        runner.rebuild<totals>();
    else
        runner.catch_up();
}

}  // namespace

TEST_CASE("killed anywhere, live or in a rebuild, the read model equals a fresh replay") {
    const temp_dir directory;
    const auto events = directory / "events.db";
    const auto models = directory / "models";
    std::vector<std::string> expected;
    {
        auto store = stele::sqlite_store::open(events, {.durability = stele::durability::normal});
        append_some(store, events_in_store);
        expected = fresh_replay(store);
    }
    std::mt19937 random{20240229};
    int kills = 0;
    for (int round = 0; round < 20; ++round) {
        const bool rebuild = round % 2 == 1;
        const std::size_t batch = 1 + random() % 60;
        CAPTURE(round);
        CAPTURE(batch);
        if (!rebuild) std::filesystem::remove_all(models);
        // Several kills in a row; the last run finishes the rest.
        for (int attempt = 0; attempt < 4; ++attempt)
            if (killed_at(1 + static_cast<int>(random() % 900), [&] { run(events, models, batch, rebuild); })) ++kills;
        if (rebuild) REQUIRE(rows_of_totals(models) == expected);  // an old generation serves, or a complete new one
        run(events, models, batch, rebuild);
        REQUIRE(rows_of_totals(models) == expected);
        auto db = stele::read_model::open_read_only(models / "totals.db");
        REQUIRE(db.query_one<int, int>("SELECT checkpoint, complete FROM stele_projection") ==
                std::tuple{events_in_store, 1});
        // The serving generation and the one before it; nothing is left of the killed rebuilds.
        const auto files = std::filesystem::directory_iterator{models};
        REQUIRE(std::ranges::count_if(files, [](const auto& entry) {
                    return entry.is_regular_file() && entry.path().extension() == ".db" && !entry.is_symlink();
                }) == (rebuild ? 2 : 1));
    }
    CHECK(kills >= 40);
}
