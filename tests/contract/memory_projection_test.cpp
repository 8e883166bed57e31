// Memory projections: the state of the events, after any restart and any fault.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::projection_runner;

namespace {

// Nothing waits this long unless it is broken.
constexpr auto for_ever = std::chrono::milliseconds::max();

board expected_board(stele::event_store& store) {
    board result;
    stele::decode_each<totals>(
        store.read_all({.filter = {.types = {"testing.CounterOpened", "testing.Incremented", "testing.Decremented"}}}),
        [&](const auto& event, const auto& at) { result.project(event, at); });
    return result;
}

template <class P = board>
P copy_of(const projection_runner& runner) {
    return runner.query<P>([](const P& rows) { return rows; });
}

stele::projection_status status_of(const projection_runner& runner) {
    const auto all = runner.status();
    REQUIRE(all.size() == 1);
    CHECK(all[0].seen == all[0].applied + all[0].ignored + all[0].dead_lettered);
    CHECK(all[0].seen == all[0].checkpoint.value);
    return all[0];
}

// While it lives, counts the projected events.
struct counting {
    std::atomic<int> events = 0;
    counting() {
        while_projecting = [this](const auto&) { ++events; };
    }
    counting(const counting&) = delete;
    counting& operator=(const counting&) = delete;
    ~counting() { while_projecting = nullptr; }
};

// Counts the increments of at least some size, which whoever adds it says.
struct large_steps {
    static constexpr auto name = "large_steps";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;

    std::int64_t least;
    int count = 0;

    void project(const Incremented& event, const stele::recorded_event& at) {
        if (event.by() >= least) ++count;
        if (while_projecting) while_projecting(at);
    }
};

// A program that runs once: the state of the projection, how many events it projected, and its warnings.
template <class P = board>
struct once {
    P rows;
    int projected = 0;
    std::string warning;

    once(stele::event_store& store, const std::filesystem::path& directory) {
        const counting all;
        projection_runner runner{store, directory};
        runner.add<P>();
        runner.catch_up();
        rows = copy_of<P>(runner);
        projected = all.events;
        warning = runner.status()[0].last_error;
    }

    [[nodiscard]] bool warns_of(std::string_view text) const {
        return warning.find(text) != std::string::npos && warning.find("board.snapshot") != std::string::npos;
    }
};

std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace

STORE_TEST_CASE(store, "a memory projection folds the events, and waiting for a position shows its event") {
    const temp_dir directory;
    append_some(*store, 100);
    projection_runner runner{*store, directory.path, {.batch_events = 7}};
    runner.add<board>();
    runner.add<totals>();
    CHECK(copy_of(runner) == board{});
    CHECK(runner.catch_up() == position{100});
    CHECK(copy_of(runner) == expected_board(*store));
    CHECK(runner.status()[0].name == "board");
    CHECK(runner.status()[0].applied == expected_board(*store).positions.size());
    CHECK(runner.status()[0].seen == 100);

    runner.start();
    std::atomic<int> early = 0;
    {
        std::vector<std::jthread> all;
        for (int id = 100; id < 116; ++id)
            all.emplace_back([&, id] {
                const stele::stream_id stream{"counter", std::to_string(id)};
                for (int n = 1; n <= 5; ++n) {
                    const std::vector events{stele::encode(incremented(1))};
                    const auto done = store->append(stream, stele::expected_version::any(), events);
                    const auto seen = runner.wait_for<board>(done->position, for_ever);
                    const auto value = runner.query<board>([&](const board& rows) {
                        return rows.values.contains(std::to_string(id)) ? rows.values.at(std::to_string(id)) : 0;
                    });
                    if (!seen || value != n) ++early;
                }
            });
    }
    CHECK(early == 0);
    CHECK(runner.wait_for<totals>(store->head(), for_ever));
    runner.stop();
    CHECK(copy_of(runner) == expected_board(*store));
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
}

STORE_TEST_CASE(store, "a restart reads only new events") {
    const temp_dir directory;
    append_some(*store, 100);
    const auto first = once{*store, directory.path};
    CHECK(first.projected == static_cast<int>(expected_board(*store).positions.size()));
    CHECK(std::filesystem::exists(directory / "board.snapshot"));

    store.reopen();
    CHECK(once{*store, directory.path}.projected == 0);
    append(*store, 1, incremented(1));
    append(*store, 1, NobodyKnows{});
    const auto second = once{*store, directory.path};
    CHECK(second.projected == 1);
    CHECK(second.rows == expected_board(*store));
    CHECK(second.warning.empty());
    // One event is not enough for a new snapshot; it is read again until there are more.
    CHECK(once{*store, directory.path}.projected == 1);
    for (int i = 0; i < 20; ++i) append(*store, 1, incremented(1));
    CHECK(once{*store, directory.path}.projected == 21);
    CHECK(once{*store, directory.path}.projected == 0);
}

STORE_TEST_CASE(store, "an unusable snapshot is a warning, and all events are read again") {
    const temp_dir directory;
    append_some(*store, 60);
    const auto all = static_cast<int>(expected_board(*store).positions.size());
    CHECK(once{*store, directory.path}.warning.empty());
    const auto file = directory / "board.snapshot";
    const auto good = bytes_of(file);

    for (const std::size_t where : {std::size_t{0}, std::size_t{20}, std::size_t{40}, good.size() - 1}) {
        auto bad = good;
        bad[where] = static_cast<char>(bad[where] ^ 1);
        for (const auto& bytes : {bad, good.substr(0, where)}) {
            write_bytes(file, bytes);
            const auto damaged = once{*store, directory.path};
            CHECK(damaged.warns_of("bytes are damaged"));
            CHECK(damaged.projected == all);
            CHECK(damaged.rows == expected_board(*store));
            CHECK(bytes_of(file).size() == good.size());  // replaced by one that is good
            CHECK(once{*store, directory.path}.projected == 0);
        }
    }

    const auto changed = once<board_of_version<2>>{*store, directory.path};
    CHECK(changed.warns_of("written by another version"));
    CHECK(changed.projected == all);
    CHECK(changed.rows.positions == expected_board(*store).positions);

    write_bytes(file, good);
    stele::memory_store other;
    append_some(other, 60);
    const auto foreign = once{other, directory.path};
    CHECK(foreign.warns_of("built from another store"));
    CHECK(foreign.rows == expected_board(other));

    write_bytes(file, good);
    stele::memory_store shorter;
    append(shorter, 1, incremented(1));
    const auto set_back = once{shorter, directory.path};
    CHECK(set_back.warns_of("restored to an earlier state"));
    CHECK(set_back.rows == expected_board(shorter));
}

STORE_TEST_CASE(store, "changes of a handler before it threw are in no later state") {
    const temp_dir directory;
    append_some(*store, 100);
    std::optional<projection_runner> running;
    auto& runner =
        running.emplace(*store, directory.path,
                        stele::projection_runner_options{.batch_events = 7, .attempts = 3, .first_backoff = 1ms});
    runner.add<board>();
    runner.catch_up();
    std::atomic<std::uint64_t> bad = store->head().value + 3;
    std::atomic<int> failures_left = 2;
    while_projecting = [&](const auto& at) {
        if (at.position.value == bad && failures_left-- > 0) throw std::runtime_error("the disk of the mind is full");
    };
    runner.start();
    for (int i = 0; i < 10; ++i) append(*store, 1, incremented(10));

    CHECK(runner.wait_for<board>(store->head(), for_ever));  // a retry helps
    CHECK(copy_of(runner) == expected_board(*store));
    CHECK(status_of(runner).last_error.find("failed at position 103") != std::string::npos);

    failures_left = 1000;
    bad = store->head().value + 1;
    append(*store, 1, incremented(10));
    const auto seen = runner.wait_for<board>(store->head(), for_ever);
    REQUIRE_FALSE(seen);
    CHECK(seen.error().message().find("the disk of the mind is full") != std::string::npos);
    CHECK(status_of(runner).state == stele::projection_state::faulted);
    CHECK(status_of(runner).checkpoint == position{bad - 1});
    failures_left = 0;
    runner.start();
    CHECK(runner.wait_for<board>(store->head(), for_ever));
    CHECK(copy_of(runner) == expected_board(*store));
    runner.stop();
    while_projecting = nullptr;
    CHECK(status_of(runner).seen == store->head().value);
    running.reset();
    // Nor in a snapshot.
    CHECK(once{*store, directory.path}.rows == expected_board(*store));
}

TEST_CASE("a state begins as a copy of the object that was added, also after a fault") {
    stele::memory_store store;
    append(store, 1, incremented(5));
    append(store, 1, incremented(20));
    append(store, 1, incremented(30));
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add(large_steps{.least = 10});
    while_projecting = [](const auto& at) {
        if (at.position == position{3}) throw std::runtime_error("no");
    };
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.kind == stele::error_kind::handler_failed);
    CHECK(failure.says("failed at position 3"));
    while_projecting = nullptr;
    runner.catch_up();
    CHECK(copy_of<large_steps>(runner).least == 10);
    CHECK(copy_of<large_steps>(runner).count == 2);
}

TEST_CASE("queries see no half-applied event, and never starve the events") {
    stele::memory_store store;
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<board>();
    runner.start();
    std::atomic<bool> over = false;
    std::atomic<int> inside = 0;
    std::atomic<int> halves = 0;
    const auto spin = [&](std::chrono::steady_clock::duration time) {
        const auto until = std::chrono::steady_clock::now() + time;
        while (!over && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    };
    while_projecting = [&](const auto&) { spin(1ms); };
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back([&] {
            // Each begins while another one is inside, if it may.
            while (!over)
                runner.query<board>([&](const board& rows) {
                    ++inside;
                    const auto value = rows.values.empty() ? 0 : rows.values.at("1");
                    if (value != std::ssize(rows.positions)) ++halves;
                    spin(2ms);
                    --inside;
                });
        });
    while (inside == 0) std::this_thread::yield();
    bool all_seen = true;
    for (int i = 0; i < 20; ++i) {
        append(store, 1, incremented(1));
        all_seen = all_seen && runner.wait_for<board>(store.head(), 10s).has_value();
    }
    over = true;
    all.clear();
    runner.stop();
    while_projecting = nullptr;
    CHECK(all_seen);
    CHECK(halves == 0);
}

TEST_CASE("a process killed while it writes a snapshot leaves the previous one") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    append_some(store, 60);
    CHECK(once{store, directory.path}.warning.empty());
    const auto good = bytes_of(directory / "board.snapshot");
    for (const rlim_t limit : {0UL, 5UL, 30UL, 100UL}) {
        append(store, 1, incremented(1));
        const auto child = ::fork();
        if (child == 0) {
            auto own = stele::sqlite_store::open(directory / "events.db");
            projection_runner runner{own, directory.path};
            runner.add<board>();
            runner.catch_up();
            // A write beyond the limit writes as much as fits, and the next one kills.
            const rlimit small{limit, limit};
            ::setrlimit(RLIMIT_FSIZE, &small);
            runner.take_snapshot<board>();
            ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ));
        CHECK(bytes_of(directory / "board.snapshot") == good);
    }
    const auto after = once{store, directory.path};
    CHECK(after.projected == 4);
    CHECK(after.warning.empty());
    CHECK(after.rows == expected_board(store));
}

TEST_CASE("queries that are not possible are errors") {
    stele::memory_store store;
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<board>();
    CHECK(error_of([&] { runner.add<board>(); }).says("was added before"));
    CHECK(error_of([&] { copy_of<board_of_version<2>>(runner); }).says("has another type"));
    CHECK(error_of([&] { runner.rebuild<board>(); }).says("projection board is not kept in tables"));
    runner.take_snapshot<board>();
    CHECK(std::filesystem::exists(directory / "board.snapshot"));
}
