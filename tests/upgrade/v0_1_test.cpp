// This version reads everything that 0.1 stored, and continues it: see tests/data/README.md.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/tally.hpp"
#include "support/transfers.hpp"
#include "support/upgrade/format_1.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/processes/process_runner.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace testing;
namespace fs = std::filesystem;

namespace {

constexpr stele::position head{33};

/// A copy of the files, which may be written to.
struct old_files {
    temp_dir directory;
    stele::sqlite_store store;
    stele::inline_projections applied{store};

    old_files() : store(stele::sqlite_store::open(copied())) { applied.add<labels>(); }
    [[nodiscard]] fs::path read_models() const { return directory / "read"; }

private:
    [[nodiscard]] fs::path copied() const {
        fs::copy(STELE_SOURCE "/tests/data/v0_1", directory.path,
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        for (const auto& each : fs::recursive_directory_iterator(directory.path))
            if (!each.is_symlink()) fs::permissions(each, fs::perms::owner_write, fs::perm_options::add);
        return directory / "events.db";
    }
};

/// As the projection of this name was when the files were written; 13 was too much for it.
struct orders {
    static constexpr auto name = "orders";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;

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
        if (before_projecting) before_projecting(at);
        db.execute(
            "INSERT INTO orders VALUES (?1, ?2, ?3) "
            "ON CONFLICT DO UPDATE SET applied = applied || ' ' || ?2, sum = sum + ?3",
            stele::instance_id_of(at.stream), std::to_string(at.position.value), by);
    }
};

std::vector<std::uint64_t> greetings;

struct greeted {
    static constexpr auto name = "greeted";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened>;
    static constexpr auto effects = hana::tuple_t<CounterOpened>;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE greeted (counter TEXT PRIMARY KEY)"); }
    static void project(const CounterOpened&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO greeted VALUES (?1)", stele::instance_id_of(at.stream));
    }
    static void effect(const CounterOpened&, const stele::recorded_event& at) {
        greetings.push_back(at.position.value);
    }
};

struct totals_of_today : totals {
    static constexpr int version = 2;
};

/// Counts what is applied while it lives; not a single event should be.
struct applied_events {
    int count = 0;
    applied_events() {
        before_projecting = [this](const auto&) { ++count; };
        while_projecting = [this](const auto&) { ++count; };
    }
    applied_events(const applied_events&) = delete;
    applied_events& operator=(const applied_events&) = delete;
    ~applied_events() {
        before_projecting = nullptr;
        while_projecting = nullptr;
    }
};

const std::vector<std::string> rows_of_0_1{"1 'tallied' 66 11", "a 'first' 13 4", "b 'second' 17 2"};

std::vector<std::string> first_three(std::vector<std::string> rows) {
    rows.resize(3);
    return rows;
}

// The types of the events of a stream.
std::string story(stele::event_store& store, std::string_view stream) {
    std::string words;
    for (const auto& event : store.read_stream(stele::stream_id{std::string{stream}}).events())
        words += std::string(event.type.substr(event.type.rfind('.') + 1)) + " ";
    return words;
}

std::int64_t balance(stele::event_store& store, std::string_view name) {
    return stele::load<wallet>(store, stele::stream_of<wallet>(name)).state.balance;
}

void run_transfers(stele::event_store& store, const stele::process_runner_options& options = {}) {
    stele::command_bus<wallet, transfer> bus{store};
    stele::process_runner runner{store, options};
    runner.add<transfer_process>(bus);
    const auto reached = runner.catch_up();
    CHECK(reached == store.head());
    CHECK_FALSE(runner.failure<transfer_process>());
}

stele::uuid id_of(std::string_view text) {
    return *stele::uuid::parse(text);
}

}  // namespace

TEST_CASE("a store of 0.1 is upgraded when it is opened, and kept until it is not wanted any more") {
    temp_dir directory;
    const auto file = directory / "bank.db";
    fs::copy_file(STELE_SOURCE "/tests/data/v0_1/events.db", directory / "events.db");
    fs::permissions(directory / "events.db", fs::perms::owner_write, fs::perm_options::add);
    fs::create_symlink("events.db", file);
    const auto before = contents(directory / "events.db");
    {
        auto store = stele::sqlite_store::open(file);
        CHECK(store.head() == head);
        CHECK(store.verify().is_sound());
        CHECK(stele::sqlite_store::open_read_only(file).head() == head);
    }
    CHECK(fs::is_symlink(file));
    CHECK(contents(file) == before);
    CHECK(contents(directory / "events.db.format-1") == before);
    CHECK_FALSE(fs::exists(directory / "bank.db.format-1"));
    auto store = stele::sqlite_store::open(file, {.upgrade = stele::upgrade::never});  // it is no old one any more
    CHECK(store.remove_old_format());
    CHECK_FALSE(store.remove_old_format());
    CHECK_FALSE(fs::exists(directory / "events.db.format-1"));
}

TEST_CASE("events of 0.1 are read, and appended to") {
    old_files old;
    CHECK(old.store.head() == head);
    CHECK(story(old.store, "counter-a") == "CounterOpened Incremented Incremented Decremented Incremented ");
    CHECK(story(old.store, "transfer-now") == "TransferRequested TransferCompleted ");
    for (const auto& event : old.store.read_stream(stele::stream_id{"counter-a"}).events())
        CHECK(stele::decode_metadata(event.metadata).actor == "ann");
    CHECK(stele::load<counter>(old.store, stele::stream_of<counter>("a")).state.value == 13);

    REQUIRE(stele::command_bus<counter>{old.store}.send(decrement("a", 13)));
    CHECK(old.store.head() == stele::position{34});
}

TEST_CASE("a command that 0.1 has taken is answered from its receipt") {
    old_files old;
    stele::command_bus<counter> bus{old.store};
    const auto again = bus.send(increment("a", 5), {.idempotency_key = id_of("6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b11")});
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->version == stele::version{2});
    CHECK(again->position == stele::position{3});
    // Also if its fields have changed since.
    const auto changed =
        bus.send(increment("a", 6), {.idempotency_key = id_of("6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b11")});
    REQUIRE(changed);
    CHECK(changed->repeated);
    const auto refused =
        bus.send(decrement("a", 1000),
                 {.idempotency_key = id_of("6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b12"), .remember_rejection = true});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("below_zero") != std::string::npos);
    CHECK(old.store.head() == head);
}

TEST_CASE("a receipt of today is one that 0.1 would answer from") {
    old_files old;
    const auto receipt_of = [&](std::string_view key) {
        const auto id = id_of(key);
        return old.store.find_document("receipt", id.as_bytes()).value().value;
    };
    const auto theirs = receipt_of("6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b11");
    const auto* key = "6f1c6a3e-1d5b-4c53-9f6a-0a8f3f1f2b19";
    REQUIRE(stele::command_bus<counter>{old.store}.send(increment("a", 5), {.idempotency_key = id_of(key)}));
    // The type and the stream of the command, and the digest of its bytes, which 0.1 compares.
    const auto compared = 2 + std::string_view{"testing.Increment"}.size() + 2 + std::string_view{"counter-a"}.size() +
                          2 + stele::uuid{}.bytes.size();
    CHECK(receipt_of(key).substr(0, compared) == theirs.substr(0, compared));
}

TEST_CASE("a snapshot of 0.1 is used") {
    old_files old;
    // Were its events folded, each would count a hundredfold. Version 10 is in the snapshot, 11 and 12 come after it.
    tally<>::faults.factor = 100;
    const auto loaded = stele::repository<tally<>>{old.store}.load("1");
    tally<>::faults.factor = 1;
    CHECK(loaded.version == stele::version{12});
    CHECK(loaded.state.label == "tallied");
    CHECK(loaded.state.steps == 11);
    CHECK(loaded.state.value < 6600);
    CHECK(loaded.state.value % 100 == 45);
}

TEST_CASE("read models of 0.1 go on where they were, in tables and in memory") {
    old_files old;
    stele::projection_runner runner{old.store, old.read_models()};
    runner.add<totals>();
    runner.add<board>();
    const applied_events applied;
    CHECK(first_three(rows_of_totals(old.read_models())) == rows_of_0_1);
    runner.catch_up();
    CHECK(applied.count == 0);
    CHECK(first_three(rows_of_totals(old.read_models())) == rows_of_0_1);
    CHECK(rows_of_totals(old.read_models()) == fresh_replay(old.store));
    CHECK(runner.query<board>([](const board& state) { return state.values.at("a"); }) == 13);

    REQUIRE(stele::command_bus<counter>{old.store}.send(increment("a", 7)));
    runner.catch_up();
    CHECK(rows_of_totals(old.read_models()).at(1) == "a 'first' 20 5");
    CHECK(runner.query<board>([](const board& state) { return state.values.at("a"); }) == 20);
}

TEST_CASE("a generation that 0.1 has replaced can serve once more, and a new one is built beside it") {
    old_files old;
    stele::projection_runner runner{old.store, old.read_models()};
    runner.add<totals>();
    CHECK(fs::read_symlink(old.read_models() / "totals.db") == "totals.2.db");
    runner.rollback<totals>();
    CHECK(fs::read_symlink(old.read_models() / "totals.db") == "totals.1.db");
    runner.catch_up();
    CHECK(rows_of_totals(old.read_models()) == fresh_replay(old.store));
    CHECK(runner.rebuild<totals>() == stele::rebuild_result::serving);
    CHECK(fs::read_symlink(old.read_models() / "totals.db") == "totals.3.db");
    CHECK(rows_of_totals(old.read_models()) == fresh_replay(old.store));
}

TEST_CASE("only a projection that has changed needs a rebuild") {
    old_files old;
    stele::projection_runner runner{old.store, old.read_models()};
    runner.add<totals_of_today>();
    CHECK(error_of([&] { runner.catch_up(); }).kind == stele::error_kind::needs_rebuild);
    CHECK(runner.rebuild<totals_of_today>() == stele::rebuild_result::serving);
    CHECK(first_three(rows_of_totals(old.read_models())) == rows_of_0_1);
}

TEST_CASE("dead letters of 0.1 are read and replayed") {
    old_files old;
    stele::projection_runner runner{old.store, old.read_models()};
    runner.add<orders>();
    runner.catch_up();
    const auto letters = runner.dead_letters<orders>();
    REQUIRE(letters.size() == 2);
    CHECK(letters[0].position == stele::position{4});
    CHECK(letters[0].stream == "counter-b");
    CHECK(letters[0].error.find("13 brings bad luck") != std::string::npos);
    CHECK(letters[1].position == stele::position{5});

    runner.replay_dead_letters<orders>();
    CHECK(runner.dead_letters<orders>().empty());
    auto db = stele::read_model::open_read_only(old.read_models() / "orders.db");
    CHECK(db.query_one<std::string>("SELECT applied || ' = ' || sum FROM orders WHERE counter = 'b'") ==
          std::tuple{"2 4 5 = 17"});
}

TEST_CASE("effects go on behind those that 0.1 has carried out") {
    old_files old;
    greetings.clear();
    stele::projection_runner runner{old.store, old.read_models()};
    runner.add<greeted>();
    REQUIRE(stele::command_bus<counter>{old.store}.send(open("c")));
    runner.start();
    CHECK(runner.wait_for("greeted.effects", old.store.head(), 60s));
    runner.stop();
    CHECK(greetings == std::vector{old.store.head().value});
}

TEST_CASE("an inline projection of 0.1 is applied with the next append") {
    old_files old;
    REQUIRE(stele::command_bus<counter>{old.store}.send(open("c", "third")));
    auto db = stele::read_model::open_read_only(old.directory / "events.db");
    std::string all;
    for (auto [label] : db.query<std::string>("SELECT label FROM labels ORDER BY label")) all += label + " ";
    CHECK(all == "first second tallied third ");
}

TEST_CASE("a deadline that 0.1 has set fires, and what its process has done is not repeated") {
    old_files old;
    CHECK(balance(old.store, "a") == 70);
    run_transfers(old.store, {.now = [] { return stele::timestamp{}; }});
    CHECK(old.store.head() == head);

    run_transfers(old.store,
                  {.now = [] { return stele::timestamp{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}}; }});
    CHECK(story(old.store, "transfer-later") == "TransferRequested TransferCompleted ");
    CHECK(balance(old.store, "a") == 50);
    CHECK(balance(old.store, "b") == 50);
}
