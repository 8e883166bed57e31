// A process that updates read models is killed again and again: at random instants while it appends and while it
// rebuilds, and at each disk operation between the last event of a rebuild and the swap. The next process has, row by
// row, a fresh replay, and no incomplete generation is marked complete. The events are also projected inline: before
// the next write to the file, those tables contain all events.
//
// STELE_SEED=N STELE_ROUNDS=N repeats the same plans, but not the same instants of the kills.

#include "faults/tools/settings.hpp"
#include "support/projections.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <map>
#include <thread>

using namespace testing;
using stele::diff_read_models;
using stele::projection_runner;

namespace {

// After how many disk operations this process is killed; 0: never.
std::atomic<int> steps_left = 0;

void step() {
    if (steps_left == 0) return;
    if (steps_left.fetch_sub(1) == 1) ::raise(SIGKILL);
}

}  // namespace

// The steps. These replace the functions of the C library that SQLite and the standard library call.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs are reserved
extern "C" {
int fsync(int file) {
    step();
    return static_cast<int>(::syscall(SYS_fsync, file));
}
int fdatasync(int file) {
    step();
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}
int rename(const char* from, const char* to) noexcept {
    step();
    const auto result = static_cast<int>(::syscall(SYS_rename, from, to));
    step();
    return result;
}
int symlink(const char* target, const char* name) noexcept {
    step();
    return static_cast<int>(::syscall(SYS_symlink, target, name));
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace {

namespace fs = std::filesystem;
using random_engine = std::mt19937_64;

const stele::sqlite_options quick{.durability = stele::durability::normal};

struct places {
    fs::path events;
    fs::path models;
};

enum class work : std::uint8_t { live, rebuild, steps_of_a_rebuild };

void append_for_ever(stele::event_store& store, std::uint64_t seed) {
    random_engine random{seed};
    while (true) {
        const stele::stream_id stream{"counter", std::to_string(random() % 9)};
        std::vector<stele::event_data> events;
        if (store.stream_version(stream).value == 0) events.push_back(stele::encode(opened("x")));
        events.push_back(stele::encode(incremented(static_cast<std::int64_t>(random() % 50))));
        if (random() % 3 == 0) events.push_back(stele::encode(decremented(1)));
        static_cast<void>(store.append(stream, stele::expected_version::any(), events));
        std::this_thread::sleep_for(std::chrono::microseconds{random() % 2000});
    }
}

void work_for_ever(projection_runner& runner, work what, random_engine& random) {
    if (what == work::live) {
        while (true) ::pause();
    }
    if (what == work::steps_of_a_rebuild) {
        steps_left = 1 + static_cast<int>(random() % 24);
        runner.rebuild<totals>();
        steps_left = 0;
    }
    while (true) {
        runner.rebuild<totals>({.swap = false});
        runner.swap_in<totals>();
        runner.rebuild<totals>();
        runner.rollback<totals>();
    }
}

[[noreturn]] void run_child(const places& where, work what, std::uint64_t seed, int pipe) {
    try {
        random_engine random{seed};
        auto store = stele::sqlite_store::open(where.events, quick);
        stele::inline_projections{store}.add<totals>();
        projection_runner runner{store, where.models, {.batch_events = 1 + random() % 8}};
        runner.add<totals>();
        std::optional<std::jthread> appending;
        if (what != work::steps_of_a_rebuild) {
            runner.start();
            appending.emplace([&] { append_for_ever(store, seed); });
        }
        if (::write(pipe, "r", 1) == 1) work_for_ever(runner, what, random);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "the child: {}\n", failure.what());
    }
    ::_exit(1);
}

/// Runs the child, and kills it after a random time; short times are as likely as long ones.
void run_and_kill(const places& where, work what, random_engine& random) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto seed = random();
    const auto child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[0]);
        run_child(where, what, seed, ends[1]);
    }
    ::close(ends[1]);
    char told = 0;
    REQUIRE(::read(ends[0], &told, 1) == 1);
    ::close(ends[0]);
    const double exponent = std::uniform_real_distribution{2.0, 4.9}(random);
    std::this_thread::sleep_for(std::chrono::microseconds{std::llround(std::pow(10.0, exponent))});
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

/// A replay of the store up to a position, in a separate directory.
struct replay {
    replay(stele::event_store& store, stele::position up_to) {
        stele::memory_store part;
        for (const auto& event : store.read_all({.up_to = up_to}).events()) {
            const std::vector copy{
                stele::event_data{.type = std::string{event.type}, .payload = std::string{event.payload}}};
            REQUIRE(part.append(stele::stream_id{std::string{event.stream}}, stele::expected_version::any(), copy));
        }
        projection_runner runner{part, directory.path};
        runner.add<totals>();
        runner.catch_up();
    }

    temp_dir directory;
};

std::string first_difference(const fs::path& expected, const fs::path& actual) {
    std::string found;
    diff_read_models(expected, actual, [&](const auto& each) {
        found = each.message();
        return false;
    });
    return found;
}

/// The generations that are marked complete, and their checkpoints.
std::map<fs::path, stele::position> complete_generations(const fs::path& models) {
    std::map<fs::path, stele::position> found;
    for (const auto& entry : fs::directory_iterator{models}) {
        if (entry.is_symlink() || entry.path().extension() != ".db") continue;
        try {
            auto db = stele::read_model::open_read_only(entry.path());
            if (db.query_one<bool>("SELECT complete FROM stele_projection") == std::tuple{true})
                found.emplace(entry.path(), db.checkpoint());
        } catch (const stele::error&) {
            continue;  // not even created
        }
    }
    return found;
}

/// A generation that became complete after the head was at `before` has at least all events up to there; and every one
/// has the rows of a replay.
void check_what_is_complete(const places& where, stele::event_store& store,
                            const std::map<fs::path, stele::position>& before, stele::position head) {
    for (const auto& [file, checkpoint] : complete_generations(where.models)) {
        CHECK(first_difference(replay{store, checkpoint}.directory / "totals.db", file) == "");
        if (!before.contains(file)) CHECK(checkpoint >= head);
    }
}

/// The inline tables equal a replay of all events in the file.
void check_inline(const places& where) {
    auto db = stele::read_model::open_read_only(where.events);
    const auto checkpoint = db.checkpoint();
    CHECK(db.query_one<stele::position>("SELECT max(position) FROM events") == std::tuple{checkpoint});
    const auto rows = rows_of_totals(db);
    auto store = stele::sqlite_store::open(where.events, quick);
    CHECK(rows == rows_of_totals(replay{store, checkpoint}.directory.path));
}

/// Continues where the child was killed, in one of several ways.
void go_on(const places& where, stele::event_store& store, random_engine& random) {
    projection_runner runner{store, where.models};
    runner.add<totals>();
    if (random() % 2 == 0) runner.rebuild<totals>();
    runner.catch_up();
    CHECK(first_difference(replay{store, store.head()}.directory / "totals.db", where.models / "totals.db") == "");
}

}  // namespace

TEST_CASE("a process that keeps read models may be killed at any instant") {
    const auto rounds = environment_number("STELE_ROUNDS").value_or(30);
    INFO("STELE_SEED=", run_seed(), " STELE_ROUNDS=", rounds);
    random_engine random{run_seed()};
    std::optional<temp_dir> directory;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        CAPTURE(round);
        if (round % 10 == 0) directory.emplace();
        const places where{*directory / "events.db", *directory / "models"};
        stele::position head;
        std::map<fs::path, stele::position> before;
        {
            auto store = stele::sqlite_store::open(where.events, quick);
            if (round % 10 == 0) append_some(store, 600, static_cast<unsigned>(random()));
            projection_runner runner{store, where.models};
            runner.add<totals>();
            runner.catch_up();
            head = store.head();
            before = complete_generations(where.models);
        }
        run_and_kill(where, work{static_cast<std::uint8_t>(round % 3)}, random);
        check_inline(where);
        auto store = stele::sqlite_store::open(where.events, quick);
        check_what_is_complete(where, store, before, head);
        // Usually the next child continues where this one was killed.
        if (random() % 3 == 0 || round + 1 == rounds) go_on(where, store, random);
    }
}
