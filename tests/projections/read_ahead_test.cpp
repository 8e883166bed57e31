// A rebuild reads and decodes on one thread and applies on another: a failure on the first is reported in order, and
// nothing that was read before or decoded with it is lost or mixed up.

#include "support/projections.hpp"
#include "support/spy_store.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <algorithm>
#include <map>

using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t events = 400;
constexpr position bad_one{251};

struct patient_totals : totals {
    static constexpr auto on_fault = stele::on_fault::dead_letter;
};

/// A store with events, in batches small enough to read several ahead, and one bad event.
struct troubled_store {
    troubled_store() { append_some(inner, events); }

    stele::memory_store inner{{.read_batch_events = 20}};
    spy_store store{inner};

    void fail_to_read() {
        store.on_read_all = [](const stele::recorded_event& event) {
            if (event.position == bad_one) throw stele::error{error_kind::io, "events.db: the disk is gone"};
        };
    }
    void damage() {
        store.on_read_all = [](stele::recorded_event& event) {
            if (event.position == bad_one) event.payload = "\xFF";
        };
    }
    void mend() {
        store.on_read_all = [](const auto&) {};
    }
};

/// Runs the action, and returns which events reach the handlers during it.
std::vector<std::uint64_t> handled_in(const std::function<void()>& action) {
    struct no_more {
        ~no_more() { before_projecting = nullptr; }
    };
    std::vector<std::uint64_t> seen;
    before_projecting = [&](const stele::recorded_event& event) { seen.push_back(event.position.value); };
    const no_more calls;
    action();
    return seen;
}

void expect_old_one_serves(projection_runner& runner, const fs::path& directory, stele::event_store& store) {
    CHECK(fs::read_symlink(directory / "totals.db") == "totals.1.db");
    CHECK(rows_of_totals(directory) == fresh_replay(store));
    CHECK(error_of([&] { runner.swap_in<totals>(); }).says("no complete generation is waiting"));
}

void expect_rebuilt(projection_runner& runner, const fs::path& directory, stele::event_store& store,
                    std::uint64_t from) {
    const auto seen = handled_in([&] { CHECK(runner.rebuild<totals>() == stele::rebuild_result::serving); });
    CHECK(seen.front() == from);
    CHECK(std::ranges::is_sorted(seen));
    CHECK(fs::read_symlink(directory / "totals.db") != "totals.1.db");
    CHECK(rows_of_totals(directory) == fresh_replay(store));
}

std::map<std::uint64_t, std::string> letters_of(projection_runner& runner) {
    std::map<std::uint64_t, std::string> all;
    for (const auto& letter : runner.dead_letters<patient_totals>()) all[letter.position.value] = letter.error;
    return all;
}

}  // namespace

TEST_CASE("a failed read ends the rebuild with its error, and the next rebuild resumes there") {
    troubled_store trouble;
    const temp_dir directory;
    projection_runner runner{trouble.store, directory.path, {.batch_events = 10}};
    runner.add<totals>();
    runner.catch_up();
    trouble.fail_to_read();
    const auto seen = handled_in([&] {
        const auto failure = error_of([&] { runner.rebuild<totals>(); });
        CHECK(failure.kind == error_kind::io);
        CHECK(failure.says("events.db: the disk is gone"));
    });
    CHECK(seen.size() > 100);
    CHECK(seen.back() < bad_one.value);
    trouble.mend();
    expect_old_one_serves(runner, directory.path, trouble.store);
    // All complete batches that were read have been applied, and nothing twice.
    const auto all = handled_in([&] { fresh_replay(trouble.store); });
    expect_rebuilt(runner, directory.path, trouble.store, *std::ranges::upper_bound(all, seen.back()));
}

TEST_CASE("an event that cannot be decoded fails in its place in the order") {
    troubled_store trouble;
    const temp_dir directory;
    projection_runner runner{trouble.store, directory.path, {.batch_events = 10}};
    runner.add<totals>();
    runner.catch_up();
    trouble.damage();
    const auto seen = handled_in([&] {
        const auto failure = error_of([&] { runner.rebuild<totals>(); });
        CHECK(failure.kind == error_kind::undecodable);
        CHECK(failure.says("totals.2.db) failed at position 251"));
        CHECK(failure.says("1 bytes do not parse"));
    });
    trouble.mend();
    auto expected = handled_in([&] { fresh_replay(trouble.store); });
    std::erase_if(expected, [](auto at) { return at >= bad_one.value; });
    CHECK(seen == expected);
    expect_old_one_serves(runner, directory.path, trouble.store);
    expect_rebuilt(runner, directory.path, trouble.store, 1);  // a rebuild that failed at an event is not resumed
}

TEST_CASE("an event that cannot be decoded becomes a dead letter, as without read-ahead") {
    troubled_store trouble;
    const temp_dir directory;
    projection_runner runner{trouble.store, directory.path, {.batch_events = 10}};
    runner.add<patient_totals>();
    trouble.damage();
    runner.catch_up();
    const auto rows = rows_of_totals(directory.path);
    const auto letters = letters_of(runner);
    CHECK(letters.begin()->first == bad_one.value);
    CHECK(letters.size() > 1);  // the events queued behind it

    CHECK(runner.rebuild<patient_totals>() == stele::rebuild_result::serving);
    CHECK(rows_of_totals(directory.path) == rows);
    CHECK(letters_of(runner) == letters);
    trouble.mend();
    runner.replay_dead_letters<patient_totals>();
    CHECK(letters_of(runner).empty());
}

TEST_CASE("messages that are decoded together share nothing, whatever their size") {
    stele::memory_store store{{.read_batch_events = 50}};
    for (int i = 0; i < 500; ++i)
        append(store, i, opened(std::string(static_cast<std::size_t>(i * 37 % 5000), static_cast<char>('a' + i % 26))));
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    const auto rows = rows_of_totals(directory.path);
    runner.rebuild<totals>();
    CHECK(rows_of_totals(directory.path) == rows);
}
