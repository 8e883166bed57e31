// Events that a projection cannot process, and those queued behind them.

#include "support/projections.hpp"
#include "support/some_positions.hpp"
#include "support/stores.hpp"

#include <rapidcheck.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::projection_runner;

namespace {

// Rows that show in which order the events of each counter were applied, but not the order between counters.
template <stele::on_fault Policy>
struct orders {
    static constexpr auto name = "orders";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;
    static constexpr auto on_fault = Policy;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE orders (counter TEXT PRIMARY KEY, applied TEXT NOT NULL, sum INTEGER NOT NULL)");
    }
    static void project(const CounterOpened&, const stele::recorded_event& at, stele::read_model& db) {
        add(0, at, db);
    }
    static void project(const Incremented& event, const stele::recorded_event& at, stele::read_model& db) {
        add(event.by(), at, db);
    }
    static void project(const Decremented& event, const stele::recorded_event& at, stele::read_model& db) {
        add(-event.by(), at, db);
    }

private:
    static void add(std::int64_t by, const stele::recorded_event& at, stele::read_model& db) {
        db.execute(
            "INSERT INTO orders VALUES (?1, ?2, ?3) "
            "ON CONFLICT DO UPDATE SET applied = applied || ' ' || ?2, sum = sum + ?3",
            stele::instance_id_of(at.stream), std::to_string(at.position.value), by);
        if (before_projecting) before_projecting(at);
    }
};
using putting_aside = orders<stele::on_fault::dead_letter>;
using stopping = orders<stele::on_fault::stop>;

std::vector<std::string> rows_of(const std::filesystem::path& directory) {
    auto db = stele::read_model::open_read_only(directory / "orders.db");
    std::vector<std::string> all;
    for (auto [counter, applied, sum] :
         db.query<std::string, std::string, std::int64_t>("SELECT counter, applied, sum FROM orders ORDER BY counter"))
        all.push_back(counter + ": " + applied + " = " + std::to_string(sum));
    return all;
}

std::vector<std::string> rows_without_faults(stele::event_store& store) {
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<stopping>();
    runner.catch_up();
    return rows_of(directory.path);
}

struct failing_at {
    explicit failing_at(std::vector<std::uint64_t> positions) {
        before_projecting = [positions = std::move(positions)](const stele::recorded_event& event) {
            if (std::ranges::find(positions, event.position.value) != positions.end())
                throw std::runtime_error("cannot take " + std::to_string(event.position.value));
        };
    }
    failing_at(const failing_at&) = delete;
    failing_at& operator=(const failing_at&) = delete;
    ~failing_at() { before_projecting = nullptr; }
};

// Counters 1, 2 and 3 in turns, so that the event at position n belongs to counter (n - 1) % 3 + 1.
void append_in_turns(stele::event_store& store, int count) {
    for (int n = 0; n < count; ++n) append(store, n % 3 + 1, incremented(n));
}

stele::projection_status status(const projection_runner& runner) {
    auto now = runner.status().front();
    CHECK(now.seen == now.applied + now.ignored + now.dead_lettered);
    return now;
}

}  // namespace

STORE_TEST_CASE(
    store, "an event that fails becomes a dead letter, later ones of its stream queue behind it, others continue") {
    append_in_turns(*store, 30);
    const temp_dir directory;
    {
        projection_runner runner{*store, directory.path, {.batch_events = 4}};
        runner.add<putting_aside>();
        const failing_at fault({5, 20});  // of counter 2, both
        CHECK(runner.catch_up() == position{30});
        CHECK(status(runner).dead_lettered == 9);
        CHECK(runner.wait_for<putting_aside>(position{29}, 0ms).error().message().find("queued behind") !=
              std::string::npos);
        const auto waited = runner.wait_for<putting_aside>(position{5}, 0ms);
        REQUIRE_FALSE(waited);
        CHECK(waited.error().message().find("dead letter (cannot take 5)") != std::string::npos);
        CHECK(runner.wait_for<putting_aside>(position{30}, 0ms));
        const auto letters = runner.dead_letters<putting_aside>();
        REQUIRE(letters.size() == 9);
        CHECK(letters.front().position.value == 5);
        CHECK(letters.front().stream == "counter-2");
        CHECK(letters.front().key == "counter-2");
        CHECK(letters.front().type == "testing.Incremented");
        CHECK(letters.front().attempts == 2);
        CHECK(letters[1].position.value == 8);
        CHECK(letters[1].attempts == 0);
        CHECK(runner.dead_letters<putting_aside>(position{8}, 2).front().position.value == 11);
        CHECK(rows_of(directory.path)[1] == "2: 2 = 1");
    }
    append_in_turns(*store, 3);
    projection_runner runner{*store, directory.path};
    runner.add<putting_aside>();
    CHECK(runner.catch_up() == position{33});  // knows after a restart what is queued
    CHECK(status(runner).dead_lettered == 10);
    {
        const failing_at fault({20});
        const auto replay = runner.replay_dead_letters<putting_aside>();
        CHECK(replay.applied == 5);
        CHECK(replay.left == 5);
        CHECK(runner.dead_letters<putting_aside>().front().error == "cannot take 20");
        CHECK(rows_of(directory.path)[1] == "2: 2 5 8 11 14 17 = 51");
        append(*store, 2, incremented(1));
        runner.catch_up();
        CHECK(status(runner).dead_lettered == 6);
    }
    CHECK(runner.replay_dead_letters<putting_aside>().applied == 6);
    CHECK(status(runner).dead_lettered == 0);
    append(*store, 2, incremented(1));
    runner.catch_up();
    CHECK(status(runner).dead_lettered == 0);
    CHECK(rows_of(directory.path) == rows_without_faults(*store));
}

STORE_TEST_CASE(store, "a dead letter whose event was removed disappears with the next replay") {
    append_in_turns(*store, 9);
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<putting_aside>();
    {
        const failing_at fault({4});
        runner.catch_up();
    }
    REQUIRE(store->delete_stream(stele::stream_id{"counter-1"}));
    const auto replay = runner.replay_dead_letters<putting_aside>();
    CHECK(replay.gone == 2);
    CHECK(replay.applied + replay.left == 0);
    CHECK(status(runner).dead_lettered == 0);
}

STORE_TEST_CASE(store,
                "a dead letter that is discarded is gone for good, and what waits behind it is applied by a replay") {
    append_in_turns(*store, 30);
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<putting_aside>();
    const failing_at fault({5});  // of counter 2, behind it wait 8, 11, …
    runner.catch_up();
    const auto before = status(runner);
    CHECK(before.dead_lettered == 9);

    for (const auto none : {position{0}, position{4}, position{31}, position::max()})
        CHECK_FALSE(runner.discard_dead_letter<putting_aside>(none));
    CHECK(status(runner).dead_lettered == 9);
    CHECK(runner.discard_dead_letter<putting_aside>(position{5}));
    CHECK_FALSE(runner.discard_dead_letter<putting_aside>(position{5}));
    CHECK(status(runner).dead_lettered == 8);
    CHECK(status(runner).ignored == before.ignored + 1);
    CHECK(status(runner).seen == before.seen);
    CHECK(runner.dead_letters<putting_aside>().front().position == position{8});

    // Those behind it keep their order: a later event waits too.
    append(*store, 2, incremented(100));
    runner.catch_up();
    CHECK(status(runner).dead_lettered == 9);
    const auto replay = runner.replay_dead_letters<putting_aside>();
    CHECK(replay.applied == 9);
    CHECK(replay.left == 0);
    CHECK(rows_of(directory.path)[1] ==
          "2: 2 8 11 14 17 20 23 26 29 31 = " + std::to_string(1 + 7 + 10 + 13 + 16 + 19 + 22 + 25 + 28 + 100));
    // When the last one is discarded, nothing waits any more.
    append(*store, 2, incremented(1));
    {
        const failing_at another({32});
        runner.catch_up();
    }
    CHECK(runner.discard_dead_letter("orders", position{32}));
    append(*store, 2, incremented(1));
    runner.catch_up();
    CHECK(status(runner).dead_lettered == 0);

    // A rebuild tries every event.
    const failing_at again({5});
    runner.rebuild<putting_aside>();
    CHECK(runner.dead_letters<putting_aside>().front().position == position{5});
    CHECK(error_of([&] { runner.discard_dead_letter("nobody", position{5}); }).says("there is no projection nobody"));
}

TEST_CASE("dead letters can be read and waited for while generations replace and remove one another") {
    stele::memory_store store;
    append_in_turns(store, 9);
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<putting_aside>();
    const failing_at fault({5});
    runner.catch_up();
    std::atomic<bool> is_over = false;
    std::atomic<int> wrong = 0;
    std::mutex mutex;
    std::string failures;
    const auto repeat = [&](const std::function<bool()>& is_right) {
        return std::jthread{[&, is_right] {
            while (!is_over) try {
                    if (!is_right()) ++wrong;
                } catch (const std::exception& failure) {
                    const std::lock_guard lock(mutex);
                    failures = failure.what();
                }
        }};
    };
    {
        const auto lists = repeat([&] { return runner.dead_letters<putting_aside>().size() == 2; });
        const auto waits = repeat([&] { return !runner.wait_for<putting_aside>(position{5}, 1min); });
        for (int i = 0; i < 300; ++i) {
            runner.rebuild<putting_aside>();
            runner.discard<putting_aside>();
        }
        is_over = true;
    }
    CHECK(failures.empty());
    INFO(failures);
    CHECK(wrong == 0);
}

// A retry must not undo the progress of another: any events may fail, in any batches, at any number of attempts.
TEST_CASE("a key that cannot be told is the stream, and hides no error") {
    struct without_key : putting_aside {
        static std::string dead_letter_key(const stele::recorded_event&) { throw std::runtime_error("no key"); }
    };
    const temp_dir directory;
    stele::memory_store store;
    append_some(store, 20);
    before_projecting = [](const auto& at) {
        if (at.position.value == 3) throw std::runtime_error("no row");
    };
    projection_runner runner{store, directory.path};
    runner.add<without_key>();
    runner.catch_up();
    before_projecting = {};
    const auto letters = runner.dead_letters<without_key>();
    REQUIRE_FALSE(letters.empty());
    CHECK(letters.front().position == position{3});
    CHECK(letters.front().error == "no row");
    for (const auto& letter : letters) CHECK(letter.key == letters.front().stream);
    runner.replay_dead_letters<without_key>();
    CHECK(runner.dead_letters<without_key>().empty());
}

TEST_CASE("whatever events fail, every way of running ends, and the counters reconcile") {
    CHECK(rc::check("", [] {
        const auto count = *rc::gen::inRange<std::uint64_t>(1, 40);
        const auto bad = some_positions(count);
        const auto batch = *rc::gen::inRange<std::size_t>(1, 20);
        const auto attempts = *rc::gen::inRange<unsigned>(1, 4);
        const auto way = *rc::gen::element("catch_up", "start", "rebuild");
        std::map<std::uint64_t, std::uint64_t> first_bad;  // of each counter
        for (const auto position : bad) first_bad.emplace((position - 1) % 3, position);
        std::uint64_t dead = 0;
        for (std::uint64_t p = 1; p <= count; ++p)
            if (const auto found = first_bad.find((p - 1) % 3); found != first_bad.end() && p >= found->second) ++dead;

        stele::memory_store store;
        append_in_turns(store, static_cast<int>(count));
        // Each failure repeats one batch at most; a rebuild does everything twice. More calls than that never end.
        const auto most_calls = 2 * (bad.size() * (attempts + 1) + 1) * count;
        std::atomic<std::uint64_t> calls = 0;
        before_projecting = [&](const stele::recorded_event& event) {
            if (++calls <= most_calls && bad.contains(event.position.value)) throw std::runtime_error("no");
        };
        const temp_dir directory;
        projection_runner runner{
            store, directory.path, {.batch_events = batch, .attempts = attempts, .first_backoff = 0ms}};
        runner.add<putting_aside>();
        if (way == std::string_view{"start"}) {
            runner.start();
            const auto waited = runner.wait_for<putting_aside>(store.head(), std::chrono::milliseconds::max());
            RC_ASSERT(waited || waited.error().dead_letter);
        } else {
            runner.catch_up();
        }
        if (way == std::string_view{"rebuild"}) runner.rebuild<putting_aside>();
        before_projecting = nullptr;
        RC_ASSERT(calls <= most_calls);
        const auto now = status(runner);
        RC_ASSERT(now.seen == count);
        RC_ASSERT(now.dead_lettered == dead);
    }));
}

TEST_CASE("one event of 100 000 fails: in the background, under both policies") {
    constexpr std::uint64_t count = 100'000;
    constexpr std::uint64_t bad = 61'234;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    for (std::uint64_t n = 0; n < count;) {
        std::vector<stele::event_data> events;
        for (int i = 0; i < 100; ++i, ++n) events.push_back(stele::encode(incremented(static_cast<int>(n % 7))));
        REQUIRE(store.append(stele::stream_id{"counter", std::to_string(n % 3000)}, stele::expected_version::any(),
                             events));
    }
    const stele::projection_runner_options quick{.attempts = 3, .first_backoff = 1ms};
    const auto expected = rows_without_faults(store);
    projection_runner stops{store, directory / "stops", quick};
    stops.add<stopping>();
    projection_runner goes_on{store, directory / "goes_on", quick};
    goes_on.add<putting_aside>();
    {
        const failing_at fault({bad});
        stops.start();
        goes_on.start();
        const auto waited = stops.wait_for<stopping>(position{count}, 120s);
        REQUIRE_FALSE(waited);
        CHECK(waited.error().status.state == stele::projection_state::faulted);
        CHECK(waited.error().status.checkpoint.value < bad);
        // The last event is of a stream that is not the bad one's.
        CHECK(goes_on.wait_for<putting_aside>(position{count}, 120s));
        CHECK(goes_on.dead_letters<putting_aside>().front().position.value == bad);
        CHECK(goes_on.dead_letters<putting_aside>().front().attempts == 4);
        CHECK(rows_of(directory / "goes_on") != expected);
    }
    stops.start();
    CHECK(stops.wait_for<stopping>(position{count}, 120s));
    CHECK(rows_of(directory / "stops") == expected);
    CHECK(goes_on.replay_dead_letters<putting_aside>().left == 0);
    CHECK(rows_of(directory / "goes_on") == expected);
}
