#include "bank/bank_transfers.hpp"
#include "support/stores.hpp"

#include <stele/testing/given.hpp>
#include <stele/testing/given_process.hpp>

#include <rapidcheck.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

using namespace bank;
using stele::given;
using stele::given_process;
using stele::recorded;
using stele::rejected;

namespace {

TransferRequested requested() {
    TransferRequested event;
    event.set_source("1");
    event.set_target("2");
    event.set_amount(500);
    event.set_date("2024-02-01");
    return event;
}

// The event or the command, with the same data.
template <class Message>
Message failure(const char* returned_to) {
    Message message;
    if constexpr (requires { message.set_transfer("T1"); }) message.set_transfer("T1");
    message.set_code("account_closed");
    message.set_reason("the account is closed");
    message.set_returned_to(returned_to);
    return message;
}

const auto failed = failure<TransferFailed>;
const auto fail = failure<FailTransfer>;

CompleteTransfer complete() {
    CompleteTransfer command;
    command.set_transfer("T1");
    return command;
}

// Any command or event that moves the money of the transfer.
template <class Message>
Message moving(const char* account, const char* kind) {
    Message message;
    if constexpr (requires { message.set_account(account); }) message.set_account(account);
    message.mutable_booking()->set_date("2024-02-01");
    message.mutable_booking()->set_transaction("T1");
    message.mutable_booking()->set_kind(kind);
    message.mutable_booking()->set_transfer("T1");
    message.set_amount(500);
    return message;
}

const auto deposit = moving<DepositMoney>;
const auto withdraw = moving<WithdrawMoney>;

OpenAccount open_suspense() {
    OpenAccount command;
    command.set_account(suspense_account);
    command.set_date("0001-01-01");
    return command;
}

const auto transfer_requested = recorded(requested(), {.stream = "transfer-T1"});
const auto withdrawn = recorded(moving<MoneyWithdrawn>("1", "transfer_out"), {.stream = "account-1"});
auto deposited(const char* stream) {
    return recorded(moving<MoneyDeposited>("", "transfer_in"), {.stream = stream});
}
template <class Command>
rejected<Command> closed(Command command) {
    return {std::move(command), stele::reject("account_closed", "the account is closed")};
}

/// A bus that calls a function once, before the first command of one type.
template <class Command>
transfer_bus bus_with(stele::event_store& store, std::function<void()> before) {
    return transfer_bus{store,
                        {.middleware = {[before](stele::sent_command& command, const stele::next_step& next) mutable {
                             if (command.message.GetDescriptor() == Command::descriptor() && before)
                                 std::exchange(before, nullptr)();
                             return next(command);
                         }}}};
}

}  // namespace

TEST_CASE("a transfer is requested once, and ends once") {
    const auto request = request_transfer("T1", "1", "2", 500);
    given<transfer>().when(request).then(requested());
    given<transfer>(requested()).when(request).then_nothing();
    given<transfer>(requested()).when(request_transfer("T1", "1", "2", 501)).then_rejected("transfer_known");
    given<transfer>(requested()).when(complete()).then(TransferCompleted{});
    given<transfer>(requested()).when(fail("1")).then(failed("1"));
    given<transfer>(requested(), failed("1")).when(complete()).then_rejected("transfer_not_under_way");
    given<transfer>(requested(), TransferCompleted{}).when(fail("1")).then_rejected("transfer_not_under_way");
    given<transfer>().when(complete()).then_rejected("transfer_not_under_way");
}

TEST_CASE("invalid transfers are rejected before any account is asked") {
    given<transfer>().when(request_transfer("T1", "1", "2", 0)).then_rejected("amount_not_positive");
    given<transfer>().when(request_transfer("T1", "1", "1", 500)).then_rejected("same_account");
    auto someday = request_transfer("T1", "1", "2", 500);
    someday.set_date("someday");
    given<transfer>().when(someday).then_rejected("invalid_date");
}

TEST_CASE("the money goes from the source to the target") {
    given_process<transfer_process>()
        .when(transfer_requested)
        .then_commands(withdraw("1", "transfer_out"))
        .delivered_twice();
    given_process<transfer_process>(transfer_requested)
        .when(withdrawn)
        .then_commands(deposit("2", "transfer_in"))
        .delivered_twice();
    given_process<transfer_process>(transfer_requested, withdrawn)
        .when(deposited("account-2"))
        .then_commands(complete())
        .delivered_twice();
}

TEST_CASE("rejected money goes back, and the transfer records the reason") {
    given_process<transfer_process>(transfer_requested)
        .when(closed(withdraw("1", "transfer_out")))
        .then_commands(fail(""));
    given_process<transfer_process>(transfer_requested, withdrawn)
        .when(closed(deposit("2", "transfer_in")))
        .then_commands(deposit("1", "transfer_returned"))
        .delivered_twice();
    given_process<transfer_process>(transfer_requested, withdrawn, closed(deposit("2", "transfer_in")))
        .when(deposited("account-1"))
        .then_commands(fail("1"));
}

TEST_CASE("money that neither account accepts is kept on the suspense account") {
    given_process<transfer_process>(transfer_requested, withdrawn, closed(deposit("2", "transfer_in")))
        .when(closed(deposit("1", "transfer_returned")))
        .then_commands(open_suspense(), deposit(suspense_account, "transfer_stranded"))
        .delivered_twice();
    given_process<transfer_process>(transfer_requested, withdrawn, closed(deposit("2", "transfer_in")),
                                    closed(deposit("1", "transfer_returned")))
        .when(deposited("account-suspense"))
        .then_commands(fail(suspense_account));
}

TEST_CASE("a booking that belongs to no transfer is ignored") {
    given_process<transfer_process>(transfer_requested).when(MoneyDeposited{}).then_nothing();
}

STORE_TEST_CASE(store, "transfers over a store") {
    open_account(*store, "1", 1'000);
    open_account(*store, "2", 0);
    open_account(*store, "3", 0);
    close_account(*store, "3");
    transfer_bus bus{*store};

    REQUIRE(bus.send(request_transfer("T1", "1", "2", 500)));
    REQUIRE(bus.send(request_transfer("T2", "1", "3", 200)));
    REQUIRE(bus.send(request_transfer("T3", "1", "2", 501)));
    REQUIRE(bus.send(request_transfer("T4", "nobody", "2", 1)));
    carry_out(*store);
    store.reopen();
    const auto head = store->head();
    carry_out(*store);
    CHECK(store->head() == head);

    CHECK(transfer_of(*store, "T1").status == transfer::phase::completed);
    CHECK(transfer_of(*store, "T2").failure.code() == "account_closed");
    CHECK(transfer_of(*store, "T2").failure.returned_to() == "1");
    CHECK(transfer_of(*store, "T3").failure.code() == "insufficient_funds");
    CHECK(transfer_of(*store, "T4").failure.code() == "account_not_open");
    CHECK(transfer_of(*store, "T4").failure.returned_to().empty());
    CHECK(balance_of(*store, "1") == 500);
    CHECK(balance_of(*store, "2") == 500);
}

TEST_CASE("both accounts are closed while the money is between them") {
    stele::memory_store store;
    transfer_bus bus{store};
    // Twice, because the second time the suspense account is already open.
    for (const auto& [name, source, target] : {std::tuple{"T1", "1", "2"}, {"T2", "3", "4"}}) {
        open_account(store, source, 500);
        open_account(store, target, 0);
        REQUIRE(bus.send(request_transfer(name, source, target, 500)));
        auto interrupted = bus_with<DepositMoney>(store, [&] {
            close_account(store, source);
            close_account(store, target);
        });
        carry_out(store, interrupted);
        CHECK(transfer_of(store, name).failure.code() == "account_closed");
        CHECK(transfer_of(store, name).failure.returned_to() == suspense_account);
    }
    CHECK(balance_of(store, suspense_account) == 1000);
    CHECK(money_made(store, {}) == 1000);
}

namespace {

// Adds up the transfers in another order than they were made in. A full account may overflow on the way, so the sum is
// unsigned.
void add(money& sum, money amount) {
    sum = static_cast<money>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(amount));
}

/// Requests random transfers between all sorts of accounts, executes them now and then, and checks what must hold.
/// All names begin with `run`, because the store may contain other accounts and transfers.
void check_random_transfers(stele::event_store& store, const std::string& run) {
    constexpr money much = std::numeric_limits<money>::max() - 20;
    std::map<std::string, money> expected{
        {run + "rich", 10'000}, {run + "poor", 50}, {run + "overdraft", 0}, {run + "full", much}, {run + "closed", 0}};
    for (const auto& [number, balance] : expected)
        open_account(store, number, balance, number == run + "overdraft" ? 500 : 0);
    close_account(store, run + "closed");
    expected[suspense_account] = balance_of(store, suspense_account);
    const auto begin = store.head();

    const std::vector<std::string> accounts{run + "rich", run + "poor",   run + "overdraft",
                                            run + "full", run + "closed", run + "nobody"};
    transfer_bus bus{store};
    std::map<std::string, RequestTransfer> asked;
    for (auto left = *rc::gen::inRange(1, 30); left > 0; --left) {
        const auto name = run + std::to_string(*rc::gen::inRange(0, 40));
        const auto command = request_transfer(name, *rc::gen::elementOf(accounts), *rc::gen::elementOf(accounts),
                                              *rc::gen::inRange<money>(-5, 100));
        if (bus.send(command)) asked.emplace(name, command);
        if (*rc::gen::inRange(0, 3) == 0) carry_out(store);
    }
    carry_out(store);

    auto moved = movements(store, begin);
    for (const auto& [name, request] : asked) {
        const auto end = transfer_of(store, name);
        const auto steps = moved[name];
        RC_ASSERT(steps.out == steps.in);
        RC_ASSERT(steps.out <= 1);
        if (end.status == transfer::phase::completed) {
            RC_ASSERT(steps.account == request.target());
        } else {
            RC_ASSERT(end.status == transfer::phase::failed);
            RC_ASSERT(!end.failure.code().empty());
            RC_ASSERT(end.failure.returned_to() == steps.account);
            // A full account may have no room for the money that comes back.
            RC_ASSERT(steps.out == 0 || steps.account == request.source() ||
                      (steps.account == suspense_account && request.source() == run + "full"));
        }
        if (steps.out == 0) continue;
        add(expected[request.source()], -request.amount());
        add(expected[steps.account], request.amount());
    }
    RC_ASSERT(moved.size() == asked.size());
    for (const auto& [number, balance] : expected) RC_ASSERT(balance_of(store, number) == balance);
    RC_ASSERT(money_made(store, begin) == 0);
}

}  // namespace

TEST_CASE("random transfers: each is executed once or not at all, and no money is lost or created") {
    int runs = 0;
    const auto check_over = [&](const std::string& title, stele::event_store& store) {
        CHECK(rc::check(title, [&] { check_random_transfers(store, std::to_string(++runs) + "."); }));
    };
    stele::memory_store memory;
    check_over("over memory", memory);
    const temp_dir directory;
    auto sqlite = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    check_over("over SQLite", sqlite);
}
