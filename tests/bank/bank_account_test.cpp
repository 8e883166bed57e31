#include "bank/domain/account.hpp"

#include <stele/aggregates/snapshot.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/testing/check_determinism.hpp>
#include <stele/testing/given.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace bank;
using stele::given;

namespace {

constexpr auto highest = std::numeric_limits<money>::max();
constexpr auto lowest = std::numeric_limits<money>::min();

AccountOpenedV2 opened(money overdraft_limit = 0) {
    AccountOpenedV2 event;
    event.set_date("1993-01-01");
    event.set_lowest_balance(-overdraft_limit);
    return event;
}

OpenAccount open_account(money overdraft_limit = 0, const char* date = "1993-01-01") {
    OpenAccount command;
    command.set_account("42");
    command.set_date(date);
    command.set_overdraft_limit(overdraft_limit);
    return command;
}

// Any event or command that has a date, and perhaps a reason, besides the account.
template <class Message>
Message dated(const char* date) {
    Message message;
    if constexpr (requires { message.set_account("42"); }) message.set_account("42");
    message.set_date(date);
    if constexpr (requires { message.set_reason("court order"); }) message.set_reason("court order");
    return message;
}

AccountClosed closed() {
    return dated<AccountClosed>("1993-12-31");
}
AccountFrozen frozen() {
    return dated<AccountFrozen>("1993-02-01");
}
AccountUnfrozen unfrozen() {
    return dated<AccountUnfrozen>("1993-02-01");
}
CloseAccount close_account(const char* date = "1993-12-31") {
    return dated<CloseAccount>(date);
}
FreezeAccount freeze(const char* date = "1993-02-01") {
    return dated<FreezeAccount>(date);
}
UnfreezeAccount unfreeze(const char* date = "1993-02-01") {
    return dated<UnfreezeAccount>(date);
}

// Any event or command that moves money.
template <class Message>
Message moving(money amount, const char* date = "1993-02-01") {
    Message message;
    if constexpr (requires { message.set_account("42"); }) message.set_account("42");
    message.mutable_booking()->set_date(date);
    message.mutable_booking()->set_transaction("7001");
    message.mutable_booking()->set_kind("cash");
    message.set_amount(amount);
    return message;
}

const auto deposited = moving<MoneyDeposited>;

template <class Command, class Event>
struct movement {
    using command = Command;
    using event = Event;
};

}  // namespace

#define MOVEMENTS_BY_NAME                                                               \
    movement<DepositMoney, MoneyDeposited>, movement<WithdrawMoney, MoneyWithdrawn>,    \
        movement<PayInterest, InterestPaid>, movement<ChargeInterest, InterestCharged>, \
        movement<ChargeFee, FeeCharged>
#define MOVEMENTS MOVEMENTS_BY_NAME, movement<PostRounding, RoundingPosted>

TEST_CASE("an account is opened with its limit") {
    given<account>().when(open_account(500)).then(opened(500));
}

TEST_CASE("an account is opened once") {
    given<account>(opened()).when(open_account()).then_rejected("account_already_open");
    given<account>(opened(), closed()).when(open_account()).then_rejected("account_closed");
}

TEST_CASE("an account is opened on a day, with a limit of 0 or more") {
    given<account>().when(open_account(0, "1993-02-29")).then_rejected("invalid_date");
    given<account>().when(open_account(0, "")).then_rejected("invalid_date");
    given<account>().when(open_account(-1)).then_rejected("invalid_overdraft_limit");
    given<account>().when(open_account(lowest)).then_rejected("invalid_overdraft_limit");
}

TEST_CASE_TEMPLATE("an event that moves money keeps the booking of its command", Movement, MOVEMENTS) {
    given<account>(opened(), deposited(1000, "1993-01-05"))
        .when(moving<typename Movement::command>(10))
        .then(moving<typename Movement::event>(10));
}

TEST_CASE_TEMPLATE("no money moves on an account that is not open", Movement, MOVEMENTS) {
    given<account>().when(moving<typename Movement::command>(10)).then_rejected("account_not_open");
    given<account>(opened(), closed()).when(moving<typename Movement::command>(10)).then_rejected("account_closed");
}

TEST_CASE_TEMPLATE("nothing is booked without a valid date, or before the opening", Movement, MOVEMENTS) {
    const auto booked_on = [](const char* date) {
        return given<account>(opened(1000)).when(moving<typename Movement::command>(10, date));
    };
    booked_on("yesterday").then_rejected("invalid_date");
    booked_on("1993-1-2").then_rejected("invalid_date");
    booked_on("1992-12-31").then_rejected("booked_before_opening");
    booked_on("1993-01-01").then(moving<typename Movement::event>(10, "1993-01-01"));
}

TEST_CASE_TEMPLATE("an amount must be positive", Movement, MOVEMENTS_BY_NAME) {
    for (const money amount : {money{0}, money{-1}, lowest})
        given<account>(opened(highest))
            .when(moving<typename Movement::command>(amount))
            .then_rejected("amount_not_positive");
}

TEST_CASE_TEMPLATE("a credit that overflows the balance is rejected", Command, DepositMoney, PayInterest,
                   PostRounding) {
    given<account>(opened(), deposited(highest, "1993-01-05"))
        .when(moving<Command>(1))
        .then_rejected("balance_overflow");
}

TEST_CASE_TEMPLATE("a debit that overflows the balance is rejected", Command, WithdrawMoney, ChargeInterest,
                   ChargeFee) {
    given<account>(opened(highest), moving<FeeCharged>(highest))
        .when(moving<Command>(2))
        .then_rejected("balance_overflow");
}

TEST_CASE("withdrawals stop at the overdraft limit") {
    given<account>(opened(50), deposited(100, "1993-01-05"))
        .when(moving<WithdrawMoney>(150))
        .then(moving<MoneyWithdrawn>(150));
    given<account>(opened(50), deposited(100, "1993-01-05"))
        .when(moving<WithdrawMoney>(151))
        .then_rejected("insufficient_funds");
    given<account>(opened()).when(moving<WithdrawMoney>(1)).then_rejected("insufficient_funds");
}

TEST_CASE("fees and interest are charged beyond the limit") {
    given<account>(opened(50)).when(moving<ChargeFee>(51)).then(moving<FeeCharged>(51));
    given<account>(opened(50)).when(moving<ChargeInterest>(51)).then(moving<InterestCharged>(51));
}

TEST_CASE("every kind of movement changes the balance") {
    given<account>(opened(), deposited(1000, "1993-01-05"), moving<MoneyWithdrawn>(100), moving<InterestPaid>(20),
                   moving<InterestCharged>(3), moving<FeeCharged>(4), moving<RoundingPosted>(-10))
        .when(moving<WithdrawMoney>(903))
        .then(moving<MoneyWithdrawn>(903));
    given<account>(opened(), deposited(1000, "1993-01-05"), moving<MoneyWithdrawn>(100), moving<InterestPaid>(20),
                   moving<InterestCharged>(3), moving<FeeCharged>(4), moving<RoundingPosted>(-10))
        .when(moving<WithdrawMoney>(904))
        .then_rejected("insufficient_funds");
}

TEST_CASE("a rounding is at most one step up or down") {
    for (const money amount : {-rounding_step, money{-1}, money{1}, rounding_step})
        given<account>(opened()).when(moving<PostRounding>(amount)).then(moving<RoundingPosted>(amount));
    for (const money amount : {-rounding_step - 1, money{0}, rounding_step + 1, lowest, highest})
        given<account>(opened()).when(moving<PostRounding>(amount)).then_rejected("not_a_rounding");
}

TEST_CASE("an account can be closed when its balance is zero") {
    given<account>(opened()).when(close_account()).then(closed());
    given<account>(opened(), deposited(5, "1993-01-05"), moving<MoneyWithdrawn>(5))
        .when(close_account())
        .then(closed());
    given<account>(opened(), deposited(1, "1993-01-05")).when(close_account()).then_rejected("balance_not_zero");
    given<account>(opened(), moving<FeeCharged>(1)).when(close_account()).then_rejected("balance_not_zero");
    given<account>().when(close_account()).then_rejected("account_not_open");
    given<account>(opened(), closed()).when(close_account()).then_rejected("account_closed");
    given<account>(opened()).when(close_account("1992-12-31")).then_rejected("booked_before_opening");
}

TEST_CASE("a frozen account rejects withdrawals; everything else is booked") {
    const auto frozen_account = [] { return given<account>(opened(), deposited(100, "1993-01-05"), frozen()); };
    frozen_account().when(moving<WithdrawMoney>(1)).then_rejected("account_frozen");
    frozen_account().when(moving<DepositMoney>(1)).then(moving<MoneyDeposited>(1));
    frozen_account().when(moving<ChargeFee>(1)).then(moving<FeeCharged>(1));
    given<account>(opened(), frozen()).when(close_account()).then_rejected("account_frozen");
    given<account>(opened(), deposited(100, "1993-01-05"), frozen(), unfrozen())
        .when(moving<WithdrawMoney>(1))
        .then(moving<MoneyWithdrawn>(1));
}

TEST_CASE("only an unfrozen account can be frozen, and only a frozen one unfrozen") {
    given<account>(opened()).when(freeze()).then(frozen());
    given<account>(opened(), frozen()).when(unfreeze()).then(unfrozen());
    given<account>(opened(), frozen()).when(freeze()).then_rejected("account_frozen");
    given<account>(opened()).when(unfreeze()).then_rejected("account_not_frozen");
    given<account>().when(freeze()).then_rejected("account_not_open");
    given<account>(opened(), closed()).when(unfreeze()).then_rejected("account_closed");
    given<account>(opened()).when(freeze("1992-12-31")).then_rejected("booked_before_opening");
    given<account>(opened(), frozen()).when(unfreeze("")).then_rejected("invalid_date");
}

TEST_CASE("a snapshot holds the whole state of an account") {
    stele::memory_store store;
    stele::command_bus<account> bus{store};
    const auto stream = stele::stream_of<account>("42");
    REQUIRE(bus.send(open_account(500)));
    for (int i = 0; i < 120; ++i) REQUIRE(bus.send(moving<DepositMoney>(7)));
    REQUIRE(store.find_document("snapshot", stream.str()));
    REQUIRE(bus.send(moving<WithdrawMoney>(money{7} * 120)));
    REQUIRE(bus.send(freeze()));
    const auto verified = stele::verify_snapshot<account>(store, stream);
    CHECK_MESSAGE(verified.has_value(), (verified ? "" : verified.error()));
}

TEST_CASE("an account depends only on its events, folded twice or from a snapshot in between") {
    stele::check_determinism<account>(opened(500), deposited(1000, "1993-01-05"), moving<MoneyWithdrawn>(100),
                                      moving<InterestPaid>(20), moving<InterestCharged>(3), moving<FeeCharged>(4),
                                      moving<RoundingPosted>(-10), frozen(), unfrozen(), moving<MoneyWithdrawn>(903),
                                      closed());
}
