// Dead letters whose events were removed from the store: nothing waits behind them.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <rapidcheck.h>

#include <map>
#include <optional>
#include <set>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::projection_runner;

namespace {

// Which events of each counter were applied, in order.
struct putting_aside {
    static constexpr auto name = "orders";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE orders (counter TEXT PRIMARY KEY, applied TEXT NOT NULL)");
    }
    static void project(const Incremented&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO orders VALUES (?1, ?2) ON CONFLICT DO UPDATE SET applied = applied || ' ' || ?2",
                   at.stream, std::to_string(at.position.value));
        if (before_projecting) before_projecting(at);
    }
};

std::string applied_to(const std::filesystem::path& directory, const std::string& counter) {
    auto db = stele::read_model::open_read_only(directory / "orders.db");
    const auto row = db.query_one<std::string>("SELECT applied FROM orders WHERE counter = ?1", counter);
    return row ? std::get<0>(*row) : "";
}

struct counter {
    std::map<std::uint64_t, std::uint64_t> stored;  // by position, the version
    std::set<std::uint64_t> letters;
    std::uint64_t version = 0;
    std::string applied;
};

// What must be in the read model.
struct model {
    std::map<int, counter> counters;
    std::set<std::uint64_t> bad;
    std::map<std::uint64_t, int> unseen;  // the counter of each event

    void catch_up() {
        for (const auto& [position, number] : unseen) {
            auto& mine = counters[number];
            if (!mine.stored.contains(position)) continue;
            const bool waits =
                std::ranges::any_of(mine.letters, [&](auto letter) { return mine.stored.contains(letter); });
            if (waits || bad.contains(position))
                mine.letters.insert(position);
            else
                mine.applied += (mine.applied.empty() ? "" : " ") + std::to_string(position);
        }
        unseen.clear();
    }
    bool discard(std::uint64_t position) {
        std::size_t discarded = 0;
        for (auto& [number, mine] : counters) discarded += mine.letters.erase(position);
        return discarded > 0;
    }
};

stele::stream_id stream_of(int number) {
    return {"counter", std::to_string(number)};
}

void append_one(stele::event_store& store, model& expected, int number, bool is_bad) {
    const std::vector events{stele::encode(incremented(1))};
    const auto at = store.append(stream_of(number), stele::expected_version::any(), events).value();
    auto& mine = expected.counters[number];
    mine.version = at.version.value;
    mine.stored.emplace(at.position.value, mine.version);
    expected.unseen.emplace(at.position.value, number);
    if (is_bad) expected.bad.insert(at.position.value);
}

void truncate(stele::event_store& store, model& expected, int number) {
    auto& mine = expected.counters[number];
    if (mine.version == 0) return;
    const auto up_to = *rc::gen::inRange<std::uint64_t>(1, mine.version + 1);
    RC_ASSERT(store.truncate_stream(stream_of(number), {up_to + 1}).has_value());
    std::erase_if(mine.stored, [&](const auto& event) { return event.second <= up_to; });
}

}  // namespace

// A letter waits for a replay; what comes later waits only while the event of one before it is in the store.
TEST_CASE("an event waits behind a dead letter as long as the event of one is stored, whatever is removed and when") {
    CHECK(rc::check("", [] {
        stele::memory_store store;
        const temp_dir directory;
        model expected;
        before_projecting = [&](const stele::recorded_event& event) {
            if (expected.bad.contains(event.position.value)) throw std::runtime_error("no");
        };
        std::optional<projection_runner> runner;
        const auto begin = [&] {
            runner.reset();
            const auto batch = *rc::gen::inRange<std::size_t>(1, 5);
            runner.emplace(store, directory.path, stele::projection_runner_options{.batch_events = batch});
            runner->add<putting_aside>();
        };
        const auto catch_up = [&] {
            runner->catch_up();
            expected.catch_up();
        };
        begin();
        for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
            const int number = *rc::gen::inRange(1, 3);
            if (step < 6) append_one(store, expected, number, step < 2);
            if (step == 6 || step == 7) truncate(store, expected, number);
            if (step == 8 || step == 9) catch_up();
            if (step == 10) begin();
            if (step != 11) continue;
            const auto letter = *rc::gen::inRange<std::uint64_t>(1, store.head().value + 2);
            RC_ASSERT(runner->discard_dead_letter<putting_aside>(position{letter}) == expected.discard(letter));
        }
        catch_up();
        std::set<std::uint64_t> found;
        for (const auto& letter : runner->dead_letters<putting_aside>()) found.insert(letter.position.value);
        std::set<std::uint64_t> letters;
        for (const auto& [number, mine] : expected.counters) {
            letters.insert(mine.letters.begin(), mine.letters.end());
            RC_ASSERT(applied_to(directory.path, stream_of(number).str()) == mine.applied);
        }
        RC_ASSERT(found == letters);
        RC_ASSERT(runner->status().front().dead_lettered == letters.size());
    }));
    before_projecting = nullptr;
}

STORE_TEST_CASE(store, "nothing waits behind a dead letter whose event was removed, in the background as well") {
    const temp_dir directory;
    projection_runner runner{*store, directory.path};
    runner.add<putting_aside>();
    before_projecting = [](const stele::recorded_event& event) {
        if (event.position.value == 1) throw std::runtime_error("no");
    };
    const auto letters = [&] { return runner.status().front().dead_lettered; };
    append(*store, 1, incremented(1));
    append(*store, 1, incremented(1));
    runner.catch_up();
    CHECK(letters() == 2);
    REQUIRE(store->truncate_stream(stream_of(1), stele::version{2}));
    append(*store, 1, incremented(1));  // the second still waits
    runner.catch_up();
    CHECK(letters() == 3);
    REQUIRE(store->truncate_stream(stream_of(1), stele::version{4}));
    append(*store, 1, incremented(1));
    runner.start();
    CHECK(runner.wait_for<putting_aside>(store->head(), std::chrono::hours::max()));
    before_projecting = nullptr;
    CHECK(letters() == 3);
    CHECK(applied_to(directory.path, "counter-1") == std::to_string(store->head().value));
    const auto replay = runner.replay_dead_letters<putting_aside>();
    CHECK(replay.gone == 3);
    CHECK(replay.applied + replay.left == 0);
}
