// The examples of docs/subscriptions.md.
#include "bank.hpp"

#include <stele/commands.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/projections.hpp>
#include <stele/sqlite.hpp>

#include <fmt/core.h>

#include <chrono>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace bank;
using namespace std::chrono_literals;

namespace {

stele::receipt must(const stele::command_result& result) {
    if (!result) throw std::runtime_error(result.error().message());
    return *result;
}

// [subscription]
struct mail_gateway {
    void send(const std::string& message_id, std::string_view to, std::string_view text);
    std::set<std::string> sent;        // by message id: a repeated one changes nothing
    std::set<std::string> bad_owners;  // whose address is wrong
};

struct welcome_mails {
    static constexpr auto name = "welcome_mails";
    static constexpr auto events = hana::tuple_t<AccountOpened, AccountClosed>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;

    mail_gateway& gateway;

    void on(const AccountOpened& e, const stele::recorded_event& at) {
        gateway.send(at.id.str(), e.owner(), "Welcome!");
    }
    void on(const AccountClosed&, const stele::recorded_event& at) {
        gateway.send(at.id.str(), stele::instance_id_of(at.stream), "Good-bye.");
    }
};
// [/subscription]

void mail_gateway::send(const std::string& message_id, std::string_view to, std::string_view text) {
    if (bad_owners.contains(std::string{to})) throw std::runtime_error(fmt::format("nobody is called {}", to));
    if (sent.insert(message_id).second) fmt::print("to {}: {}\n", to, text);
}

void run(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    mail_gateway gateway;
    must(bus.send(open_account("alice", "alice")));
    // [run]
    stele::subscription_runner runner{store};
    runner.add(welcome_mails{gateway}, {.after = store.head()});  // mails for new accounts only
    runner.start();                                               // on threads of its own, until stop()

    const auto receipt = must(bus.send(open_account("bob", "bob")));
    if (const auto seen = runner.wait_for<welcome_mails>(receipt.position, 2s); !seen)
        fmt::print("{}\n", seen.error().message());
    // [/run]
}

void give_up(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    mail_gateway gateway;
    // [dead_letters]
    gateway.bad_owners = {"carl"};
    must(bus.send(open_account("carol", "carl")));
    must(bus.send(close_account("carol")));

    stele::subscription_runner runner{store};
    runner.add(welcome_mails{gateway});
    runner.catch_up();
    for (const auto& letter : runner.dead_letters<welcome_mails>())
        fmt::print("{} of {}: {}\n", letter.type, letter.stream, letter.error);

    gateway.bad_owners.clear();
    fmt::print("{} handled\n", runner.replay_dead_letters<welcome_mails>().applied);
    for (const auto& status : runner.status()) fmt::print("{}\n", status.message());
    // [/dead_letters]
}

// [command]
struct opening_bonus {
    static constexpr auto name = "opening_bonus";
    static constexpr auto events = hana::tuple_t<AccountOpened>;

    stele::command_bus<account>& bus;

    void on(const AccountOpened&, const stele::recorded_event& at) {
        const auto key = stele::make_idempotency_key(at.id, name);  // a second command: another name
        const auto sent = bus.send(deposit(stele::instance_id_of(at.stream), 5), {.idempotency_key = key});
        if (!sent && sent.error().rejection() == nullptr) throw std::runtime_error(sent.error().message());
    }
};
// [/command]

void send_commands(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    // [reset]
    stele::subscription_runner runner{store};
    runner.add(opening_bonus{bus}, {.filter = {.streams = {"account-alice", "account-bob"}}});
    runner.catch_up();
    runner.reset<opening_bonus>({});  // everything once more, from the first event
    runner.catch_up();                // gives nobody a second bonus
    // [/reset]
    fmt::print("alice has {}\n", stele::load<account>(store, stele::stream_of<account>("alice")).state.balance);
}

// [own_database]
struct database {  // another system, with transactions of its own
    std::map<std::string, std::int64_t> turnover;
    stele::position position;
};

struct turnover_export {
    static constexpr auto name = "turnover_export";
    static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;

    database& db;

    void on(const auto& e, const stele::recorded_event& at) {
        // In one transaction of that database:
        db.turnover[std::string{at.stream}] += e.amount();
        db.position = at.position;
    }
};

void start_export(stele::subscription_runner& runner, database& db) {
    runner.add(turnover_export{db});
    runner.reset<turnover_export>(db.position);  // that database knows best where it is
    runner.start();
}
// [/own_database]

void export_all(stele::event_store& store) {
    database db;
    stele::subscription_runner runner{store};
    start_export(runner, db);
    if (!runner.wait_for<turnover_export>(store.head(), 60s)) throw std::runtime_error("not exported");
    runner.stop();
    fmt::print("{} accounts\n", db.turnover.size());
}

}  // namespace

int main() {
    auto store = stele::sqlite_store::open("bank.db", {.durability = stele::durability::normal});
    run(store);
    give_up(store);
    send_commands(store);
    export_all(store);
}
