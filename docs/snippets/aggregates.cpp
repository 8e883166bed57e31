// The examples of docs/aggregates-and-commands.md.
#include "bank.hpp"

#include <stele/codec.hpp>
#include <stele/commands.hpp>
#include <stele/eventstore.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/sqlite.hpp>

#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

using namespace bank;
using namespace std::chrono_literals;

namespace {

struct ticket_machine {
    static constexpr auto category = "tickets";
    static constexpr auto events = hana::tuple_t<TicketTaken>;
    static constexpr auto commands = hana::tuple_t<TakeTicket>;
    static std::string_view instance_id(const TakeTicket& c) { return c.machine(); }

    std::int64_t last = 0;
    void evolve(const TicketTaken& e) { last = e.number(); }
    // [returning]
    stele::decision<ticket_machine> decide(const TakeTicket&) const {
        return stele::accept(stele::make<TicketTaken>([&](auto& e) { e.set_number(last + 1); }))
            .returning(stele::make<Ticket>([&](auto& t) { t.set_number(last + 1); }));
    }
    // [/returning]
};

TakeTicket take_ticket(std::string_view machine) {
    return stele::make<TakeTicket>([&](auto& c) { c.set_machine(std::string{machine}); });
}

// [outcomes]
void report(const stele::command_result& result) {
    if (result)
        fmt::print("done: version {}, position {}\n", result->version, result->position);
    else if (const stele::rejection* no = result.error().rejection())
        fmt::print("rejected ({}): {}\n", no->code, no->message);  // show it to the user
    else
        fmt::print("conflict: {}\n", result.error().message());  // may be sent again
}
// [/outcomes]

void send_commands(stele::event_store& store) {
    // [send]
    stele::command_bus<account> bus{store};
    report(bus.send(open_account("alice", "Alice")));
    report(bus.send(deposit("alice", 100)));
    report(bus.send(withdraw("alice", 150)));
    report(bus.send(close_account("bob")));
    // [/send]
}

void make_events() {
    // [make]
    const auto by_hand = stele::make<MoneyDeposited>([](auto& e) { e.set_amount(5); });
    const auto from_command = stele::make_from<MoneyDeposited>(deposit("alice", 5));  // amount and transfer
    // [/make]
    if (by_hand.amount() != from_command.amount()) fmt::print("different\n");
}

void take_a_ticket(stele::event_store& store) {
    stele::command_bus<ticket_machine> bus{store};
    const auto key = stele::uuid::v7();
    // [value]
    auto receipt = bus.send(take_ticket("lobby"), {.idempotency_key = key});
    fmt::print("number {}\n", receipt->value<Ticket>()->number());
    // [/value]
}

void send_if_unchanged(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    // [expected]
    const auto shown = stele::load<account>(store, stele::stream_id{"account-alice"});  // what a page shows
    report(bus.send(deposit("alice", 1)));                                              // meanwhile
    report(bus.send(withdraw("alice", 10), {.expected = stele::expected_version::exactly(shown.version)}));
    // [/expected]
}

void send_twice(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    // [idempotent]
    // Yours, made once and kept in the code: which kind of name the key is made from.
    const stele::uuid statements = *stele::uuid::parse("0b6c2f5e-8d0c-4e0a-9a53-5f2f6a3d7c41");

    for (int attempt = 0; attempt < 2; ++attempt) {
        auto key = stele::make_idempotency_key(statements, "may.csv, row 17");
        auto receipt = bus.send(deposit("alice", 50), {.idempotency_key = key});
        fmt::print("version {}, repeated: {}\n", receipt->version, receipt->repeated);
    }
    // [/idempotent]

    // [forget]
    auto a_year_ago = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) - std::chrono::days{365};
    fmt::print("{} receipts forgotten\n", stele::forget_receipts(store, a_year_ago));
    // [/forget]
}

void around_every_command(stele::event_store& store) {
    // [middleware]
    auto log = stele::log_commands([](std::string_view line) {
        fmt::print("{}\n", line.substr(0, line.rfind(" (")));  // without the time it took
    });
    auto tellers_only = stele::authorize([](const stele::sent_command& c) { return c.metadata.actor == "teller"; });
    auto positive = stele::validate<DepositMoney>([](const DepositMoney& c) -> std::optional<stele::rejection> {
        if (c.amount() <= 0) return stele::reject("not_positive", "amount {}", c.amount());
        return {};
    });
    auto add_branch = [](stele::sent_command& command, const stele::next_step& next) {
        command.metadata.headers["branch"] = "7";
        return next(command);
    };
    stele::command_bus<account> bus{
        store, {.middleware = {log, tellers_only, positive, stele::retry_on_conflict(), add_branch}}};

    report(bus.send(deposit("alice", 5), {.metadata = {.actor = "visitor"}}));
    report(bus.send(deposit("alice", -5), {.metadata = {.actor = "teller"}}));
    report(bus.send(deposit("alice", 5), {.metadata = {.actor = "teller"}}));
    // [/middleware]
}

void from_the_wire(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    const std::string bytes = withdraw("alice", 20).SerializeAsString();
    // [dispatch]
    report(bus.dispatch("bank.WithdrawMoney", bytes, {.metadata = {.actor = "web"}}));
    try {
        report(bus.dispatch("bank.WithdrawMony", bytes));
    } catch (const stele::error& fault) {
        fmt::print("{}: {}\n", to_string(fault.kind()), fault.what());
    }
    // [/dispatch]

    [[maybe_unused]] const auto from_json = [&] {
        // [dispatch_json]
        report(bus.dispatch_json("bank.WithdrawMoney", R"({"account": "alice", "amount": "5"})"));
        // [/dispatch_json]
    };
}

void who_and_why(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    // [metadata]
    auto receipt = bus.send(deposit("alice", 1), {.metadata = {.actor = "teller", .headers = {{"desk", "3"}}}});
    if (!receipt) return report(receipt);

    const stele::stream_read_options last_one{.direction = stele::direction::backward, .limit = 1};
    for (const auto& event : store.read_stream(receipt->stream, last_one).events()) {
        const auto metadata = stele::decode_metadata(event);
        fmt::print("{} at desk {}\n", metadata.actor, metadata.headers.at("desk"));
        report(bus.send(withdraw("alice", 1), {.metadata = stele::caused_by(event)}));  // same correlation
    }
    // [/metadata]
}

void by_hand(stele::event_store& store) {
    // [repository]
    stele::repository<account> accounts{store};
    auto known = accounts.load("alice");
    fmt::print("version {}, balance {}\n", known.version, known.state.balance);

    auto decided = known.state.decide(withdraw("alice", 30));
    if (!decided.is_accepted()) return;
    if (auto saved = accounts.save("alice", known, decided))
        fmt::print("version {}, balance {}\n", saved->version, known.state.balance);
    else
        fmt::print("{}\n", saved.error().message());  // somebody else was first: load again
    // [/repository]

    // [as_of]
    auto at_version = accounts.load("alice", {.up_to = {2}});
    auto at_position = accounts.load("alice", {.as_of = {3}});
    auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    auto last_night = accounts.load("alice", {.as_of = store.position_at(today)});
    fmt::print("{}, {}, {}\n", at_version.state.balance, at_position.state.balance, last_night.state.balance);
    // [/as_of]
}

void in_one_transaction(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    // [transact]
    auto moved = bus.transact([](auto& tx) {
        tx.send(open_account("bob", "Bob"));
        tx.send(withdraw("alice", 30));
        tx.send(deposit("bob", 30));  // bob has an account by now
    });
    if (moved)
        for (const auto& each : moved->streams)
            fmt::print("{}: version {}, position {}\n", each.stream, each.version, each.position);

    auto refused = bus.transact([](auto& tx) {
        tx.send(deposit("bob", 500));
        tx.send(withdraw("alice", 500));
    });
    if (!refused) fmt::print("{}\n", refused.error().message());
    // [/transact]

    // [try_send]
    auto closed = bus.transact([](auto& tx) {
        if (!tx.try_send(withdraw("alice", 500))) tx.send(close_account("alice"));
        tx.send(close_account("bob"));
    });
    // [/try_send]
    if (!closed) fmt::print("{}\n", closed.error().message());
}

void as_of_business_time(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    report(
        bus.send(open_account("carol", "Carol"), {.metadata = {.occurred_at = std::chrono::sys_days{1993y / 1 / 1}}}));
    // [business_time]
    const std::chrono::sys_days march_1{1993y / 3 / 1};
    report(bus.send(deposit("carol", 200), {.metadata = {.occurred_at = march_1}}));
    report(bus.send(withdraw("carol", 80), {.metadata = {.occurred_at = march_1 + 48h}}));
    const auto before = store.head();
    report(bus.send(deposit("carol", 5), {.metadata = {.occurred_at = march_1 + 24h}}));  // recorded late

    stele::repository<account> accounts{store};
    auto on_march_2 = accounts.load("carol", {.occurred_up_to = march_1 + 24h});
    auto as_known_before = accounts.load("carol", {.as_of = before, .occurred_up_to = march_1 + 24h});
    fmt::print("{}, {}\n", on_march_2.state.balance, as_known_before.state.balance);
    // [/business_time]
}

}  // namespace

int main() {
    auto store = stele::sqlite_store::open("bank.db");
    make_events();
    send_commands(store);
    send_twice(store);
    around_every_command(store);
    from_the_wire(store);
    who_and_why(store);
    by_hand(store);
    send_if_unchanged(store);
    take_a_ticket(store);
    in_one_transaction(store);
    as_of_business_time(store);
}
