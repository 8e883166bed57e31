// The examples of docs/projections.md.
#include "balances.hpp"

#include <stele/commands.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/sqlite.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

using namespace bank;
using namespace std::chrono_literals;

namespace {

stele::receipt must(const stele::command_result& result) {
    if (!result) throw std::runtime_error(result.error().message());
    return *result;
}

void fill(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    for (const auto* id : {"alice", "bob", "carol"}) must(bus.send(open_account(id)));
    must(bus.send(deposit("alice", 100)));
    must(bus.send(deposit("bob", 250)));
    must(bus.send(withdraw("alice", 30)));
}

void catch_up_and_query(stele::event_store& store) {
    // [catch_up]
    stele::projection_runner runner{store, "bank.read"};  // the directory of the read models
    runner.add<balances>();
    runner.catch_up();

    auto db = stele::read_model::open_read_only("bank.read/balances.db");
    for (auto [account, balance] : db.query<std::string, std::int64_t>("SELECT account, balance FROM balances"))
        fmt::print("{}: {}\n", account, balance);
    // [/catch_up]
}

void read_your_own_write(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    stele::projection_runner runner{store, "bank.read"};
    runner.add<balances>();
    // [wait]
    runner.start();  // on threads of its own, until stop()

    auto receipt = bus.send(deposit("bob", 50));
    if (!receipt) throw std::runtime_error(receipt.error().message());
    if (auto seen = runner.wait_for<balances>(receipt->position, 2s); !seen) fmt::print("{}\n", seen.error().message());

    auto db = stele::read_model::open_read_only("bank.read/balances.db");
    auto row = db.query_one<std::int64_t>("SELECT balance FROM balances WHERE account = ?1", "bob");
    fmt::print("bob: {}\n", std::get<0>(row.value()));
    // [/wait]
    runner.catch_up();
    // [status]
    runner.stop();  // so each of them is `stopped`; while the runner works, it is `live` or `catching up`
    for (const auto& status : runner.status()) {
        fmt::print("{}: {}, {} of {}\n", status.name, to_string(status.state), status.checkpoint, status.head);
        fmt::print("seen {} = applied {} + ignored {} + dead-lettered {}\n", status.seen, status.applied,
                   status.ignored, status.dead_lettered);
    }
    // [/status]
}

bool fixed = false;  // stands for a new version of the program

// [dead_letters]
struct large_deposits {
    static constexpr auto name = "large_deposits";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;  // the default is stop

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE large_deposits (position INTEGER PRIMARY KEY, amount INTEGER NOT NULL) STRICT");
    }
    static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        if (e.amount() > 200 && !fixed) throw std::runtime_error("no more than 200 was ever expected");  // the bug
        db.execute("INSERT INTO large_deposits VALUES (?1, ?2)", at.position, e.amount());
    }
};
// [/dead_letters]

void replay_dead_letters(stele::event_store& store) {
    stele::projection_runner runner{store, "bank.read", {.attempts = 1}};
    runner.add<large_deposits>();
    runner.catch_up();
    // [replay]
    for (const auto& letter : runner.dead_letters<large_deposits>())
        fmt::print("{} at position {}: {}\n", letter.stream, letter.position, letter.error);

    fixed = true;  // deploy the fixed handler, then:
    auto replay = runner.replay_dead_letters<large_deposits>();
    fmt::print("{} applied, {} left\n", replay.applied, replay.left);
    // [/replay]
}

}  // namespace

namespace next {

// The next version of the program.
struct balances : bank::balances {
    // [version2]
    static constexpr int version = 2;  // was 1

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT");
    }
    static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        add(e.amount() - 1, at, db);  // a fee that was forgotten in version 1
    }
    // [/version2]
    static void project(const AccountOpened& e, const stele::recorded_event& at, stele::read_model& db) {
        bank::balances::project(e, at, db);
    }
    static void project(const MoneyWithdrawn& e, const stele::recorded_event& at, stele::read_model& db) {
        bank::balances::project(e, at, db);
    }
};

}  // namespace next

namespace {

void blue_green(stele::event_store& store) {
    using next::balances;
    stele::projection_runner runner{store, "bank.read"};
    runner.add<balances>();
    // [rebuild]
    // Build the new generation beside the one that serves, and let it wait.
    runner.rebuild<balances>({.swap = false, .progress = [](const stele::rebuild_progress& now) {
                                  if (now.reached == now.target) fmt::print("rebuilt up to {}\n", now.reached);
                              }});

    // Compare the two.
    auto found = runner.diff<balances>([](const stele::model_difference& each) {
        fmt::print("{}\n", each.message());
        return true;  // go on
    });
    fmt::print("{}\n", found.message());

    runner.swap_in<balances>();   // readers switch between two queries
    runner.rollback<balances>();  // if it was wrong after all
    runner.swap_in<balances>();   // and forward again
    runner.discard<balances>();   // remove what does not serve
    // [/rebuild]
}

void inline_in_the_append() {
    // [inline]
    auto store = stele::sqlite_store::open("inline.db");
    stele::inline_projections applied{store};
    applied.add<balances>();  // the same struct that a runner takes

    stele::command_bus<account> bus{store};
    must(bus.send(open_account("dave")));
    must(bus.send(deposit("dave", 70)));

    auto db = stele::read_model::open_read_only("inline.db");  // in any process
    auto row = db.query_one<std::int64_t>("SELECT balance FROM balances WHERE account = 'dave'");
    fmt::print("dave: {}\n", std::get<0>(row.value()));
    // [/inline]
}

// [unique]
struct owners {
    static constexpr auto name = "owners";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<AccountOpened>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE owners (owner TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT");
    }
    static std::optional<stele::rejection> project(const AccountOpened& e, const stele::recorded_event& at,
                                                   stele::read_model& db) {
        const auto added =
            db.execute("INSERT OR IGNORE INTO owners VALUES (?1, ?2)", e.owner(), stele::instance_id_of(at.stream));
        if (added == 0) return stele::reject("owner_has_account", "{} has an account already", e.owner());
        return std::nullopt;
    }
};
// [/unique]

void unique_over_all_streams() {
    auto store = stele::sqlite_store::open("unique.db");
    stele::inline_projections applied{store};
    applied.add<owners>();
    stele::command_bus<account> bus{store};
    must(bus.send(open_account("1", "Erin")));
    // [forbid]
    const auto second = bus.send(open_account("2", "Erin"));
    fmt::print("{}; the store is still at position {}\n", second.error().rejection()->message, store.head());
    // [/forbid]
}

// [in_memory]
struct largest_accounts {
    static constexpr auto name = "largest_accounts";
    static constexpr int version = 1;  // increase it when project(), snapshot() or restore() changes
    static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;

    std::map<std::string, std::int64_t, std::less<>> balances;

    void project(const MoneyDeposited& e, const stele::recorded_event& at) { change(at, e.amount()); }
    void project(const MoneyWithdrawn& e, const stele::recorded_event& at) { change(at, -e.amount()); }

    void change(const stele::recorded_event& at, std::int64_t amount) {
        balances[std::string{stele::instance_id_of(at.stream)}] += amount;
    }
    std::string largest() const {
        return std::ranges::max_element(balances, {}, [](const auto& each) { return each.second; })->first;
    }
};
// [/in_memory]

void ask_memory(stele::event_store& store) {
    stele::projection_runner runner{store, "memory.read"};
    // [query]
    runner.add<largest_accounts>();
    runner.catch_up();
    auto first = runner.query<largest_accounts>([](const largest_accounts& all) { return all.largest(); });
    // [/query]
    fmt::print("largest: {}\n", first);
}

// [effect]
struct mail_gateway {
    void send(const std::string& message_id, std::string_view to, std::string_view text);
    std::map<std::string, std::string> sent;  // by message id: a repeated one changes nothing
};

struct closing_mail {
    static constexpr auto name = "closing_mail";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<AccountClosed>;
    static constexpr auto effects = hana::tuple_t<AccountClosed>;

    mail_gateway& gateway;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE closed (account TEXT PRIMARY KEY) STRICT"); }
    static void project(const AccountClosed&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT OR IGNORE INTO closed VALUES (?1)", stele::instance_id_of(at.stream));
    }
    // Called once the row above is committed; not called by a rebuild.
    void effect(const AccountClosed&, const stele::recorded_event& at) {
        gateway.send(at.id.str(), stele::instance_id_of(at.stream), "Your account is closed.");
    }
};
// [/effect]

void mail_gateway::send(const std::string& message_id, std::string_view to, std::string_view text) {
    if (sent.emplace(message_id, text).second) fmt::print("to {}: {}\n", to, text);
}

void do_effects(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    mail_gateway gateway;
    // [do_effects]
    stele::projection_runner runner{store, "effects.read"};
    runner.add(closing_mail{gateway});
    must(bus.send(close_account("carol")));
    runner.catch_up();               // sends the mail
    runner.rebuild<closing_mail>();  // does not send it again
    // [/do_effects]
}

// [removals]
struct deposits {
    static constexpr auto name = "deposits";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<MoneyDeposited, stele::stream_deleted, stele::stream_truncated>;
    static constexpr auto categories = hana::make_tuple("account");

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE deposits (stream TEXT, version INTEGER, amount INTEGER)");
    }
    static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO deposits VALUES (?1, ?2, ?3)", at.stream, at.version, e.amount());
    }
    static void project(const stele::stream_deleted& removed, const stele::recorded_event&, stele::read_model& db) {
        db.execute("DELETE FROM deposits WHERE stream = ?1", removed.stream);
    }
    static void project(const stele::stream_truncated& removed, const stele::recorded_event&, stele::read_model& db) {
        db.execute("DELETE FROM deposits WHERE stream = ?1 AND version < ?2", removed.stream, removed.before);
    }
};
// [/removals]

void hear_of_removals(stele::event_store& store) {
    stele::projection_runner runner{store, "removals.read"};
    runner.add<deposits>();
    runner.catch_up();
}
static_assert(stele::projection<deposits>);

// [daily]
struct daily {
    static constexpr auto name = "daily";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE daily (day TEXT PRIMARY KEY, deposited INTEGER NOT NULL) STRICT");
    }
    static void project(const MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        const auto since_1970 = std::chrono::floor<std::chrono::seconds>(stele::occurred_at(at)).time_since_epoch();
        db.execute(
            "INSERT INTO daily VALUES (date(?1, 'unixepoch'), ?2) "
            "ON CONFLICT DO UPDATE SET deposited = deposited + excluded.deposited",
            since_1970.count(), e.amount());
    }
};
// [/daily]

void by_day(stele::event_store& store) {
    stele::projection_runner runner{store, "daily.read"};
    runner.add<daily>();
    runner.catch_up();
}

// [fold]
struct turnover {
    static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;
    std::int64_t sum = 0;
    void project(const auto& e, const stele::recorded_event&) { sum += e.amount(); }
};
// [/fold]

void ask_now(stele::event_store& store) {
    const auto new_year = std::chrono::sys_days{std::chrono::January / 1 / 2000};
    // [ask]
    auto all = stele::fold<turnover>(store);
    auto then = stele::fold<turnover>(store, {.up_to = store.position_at(new_year)});
    auto happened = stele::fold<turnover>(store, {.occurred_up_to = new_year});  // recorded whenever
    auto one = stele::fold<turnover>(store.read_stream(stele::stream_id{"account-alice"}, {.up_to = {2}}));
    // [/ask]
    fmt::print("{}, {}, {}, {}\n", all.sum, then.sum, happened.sum, one.sum);
}

}  // namespace

int main() {
    auto store = stele::sqlite_store::open("bank.db", {.durability = stele::durability::normal});
    fill(store);
    catch_up_and_query(store);
    read_your_own_write(store);
    replay_dead_letters(store);
    blue_green(store);
    inline_in_the_append();
    unique_over_all_streams();
    ask_memory(store);
    do_effects(store);
    hear_of_removals(store);
    by_day(store);
    ask_now(store);
}
