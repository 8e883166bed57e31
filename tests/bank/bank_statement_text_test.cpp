#include "bank/domain/account.hpp"
#include "bank/program/statement_text.hpp"
#include "bank/read/account_history.hpp"
#include "bank/read/account_statement.hpp"
#include "bank/storage/ledger.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>
#include <fmt/chrono.h>

#include <algorithm>

using namespace bank;

namespace {

// A bank with one account. The fee of March was recorded last, long after its day.
class small_bank {
public:
    stele::memory_store store;

    small_bank() {
        OpenAccount open;
        open.set_account("7");
        open.set_date("1993-01-05");
        CHECK(bus_.send(open));
        book<DepositMoney>("1993-01-05", "100", "cash_deposit", 120'000);
        book<WithdrawMoney>("1993-02-10", "101", "cash_withdrawal", 30'000);
        book<PayInterest>("1993-04-30", "103", "interest", 455);
        book<PostRounding>("1993-04-30", "103", "rounding", -10);
        book<ChargeFee>("1993-03-31", "102", "fee", 1'460);
    }

    // Its read model, up to date.
    [[nodiscard]] stele::read_model statement() {
        auto db = stele::read_model::in_memory();
        bank::account_statement::create(db);
        stele::decode_each<bank::account_statement>(store.read_all(), [&](const auto& event, const auto& at) {
            bank::account_statement::project(event, at, db);
        });
        return db;
    }

    [[nodiscard]] std::string statement_of(const char* account, const period& days, std::uint64_t page = 0,
                                           const ink& ink = {}) {
        auto db = statement();
        return bank::statement_of(db, account, days, page, ink);
    }

    template <class Command>
    void book(const char* date, const char* transaction, const char* kind, money amount) {
        Command command;
        command.set_account("7");
        command.mutable_booking()->set_date(date);
        command.mutable_booking()->set_transaction(transaction);
        command.mutable_booking()->set_kind(kind);
        command.set_amount(amount);
        CHECK(bus_.send(command));
    }

private:
    stele::command_bus<account> bus_{store};
};

// Replaces the recording date, which is today.
std::string without_recording_day(std::string text, stele::event_store& store) {
    const auto day = fmt::format("{:%Y-%m-%d}",
                                 std::chrono::floor<std::chrono::seconds>(history_of(store, "7").front().recorded_at));
    for (auto at = text.find(day); at != std::string::npos; at = text.find(day)) text.replace(at, day.size(), "TODAY");
    return text;
}

// With every run of spaces reduced to one.
std::string squeezed(std::string text) {
    const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
    text.erase(std::unique(text.begin(), text.end(), both_spaces), text.end());
    return text;
}

}  // namespace

TEST_CASE("a statement lists the bookings of a period between two balances") {
    small_bank bank;
    CHECK(bank.statement_of("7", {}) ==
          "account 7: statement\n"
          "\n"
          "  date        kind             transaction     amount   balance\n"
          "              balance before                               0.00\n"
          "  1993-01-05  account_opened                               0.00\n"
          "  1993-01-05  cash_deposit     100          +1 200.00  1 200.00\n"
          "  1993-02-10  cash_withdrawal  101            -300.00    900.00\n"
          "  1993-03-31  fee              102             -14.60    885.40\n"
          "  1993-04-30  interest         103              +4.55    889.95\n"
          "  1993-04-30  rounding         103              -0.10    889.85\n"
          "              balance after                              889.85\n"
          "\n"
          "  credited 1 204.55, debited -314.70\n");
    CHECK(bank.statement_of("7", {"1993-02-01", "1993-03-31"}) ==
          "account 7: statement\n"
          "\n"
          "  date        kind             transaction   amount   balance\n"
          "  1993-02-01  balance before                         1 200.00\n"
          "  1993-02-10  cash_withdrawal  101          -300.00    900.00\n"
          "  1993-03-31  fee              102           -14.60    885.40\n"
          "  1993-03-31  balance after                            885.40\n"
          "\n"
          "  credited 0.00, debited -314.60\n");
}

TEST_CASE("a statement of a period without bookings has the balance") {
    small_bank bank;
    for (const auto& [days, balance] :
         {std::pair{period{"1993-02-11", "1993-03-30"}, "900.00"}, std::pair{period{"1994-01-01", ""}, "889.85"},
          std::pair{period{"", "1992-12-31"}, "0.00"}}) {
        const auto text = squeezed(bank.statement_of("7", days));
        CHECK(text == fmt::format("account 7: statement\n\n date kind transaction amount balance\n "
                                  "{0}balance before {2}\n {1}balance after {2}\n\n credited 0.00, debited 0.00\n",
                                  days.from.empty() ? "" : days.from + " ", days.to.empty() ? "" : days.to + " ",
                                  balance));
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(bank.statement_of("7", {"1993-03-01", "1993-02-01"})),
                         "the period from 1993-03-01 to 1993-02-01 ends before it begins", refusal);
}

TEST_CASE("the pages of a statement follow one another") {
    small_bank bank;
    for (int day = 1; day <= 30; ++day)
        bank.book<DepositMoney>(fmt::format("1993-06-{:02}", day).c_str(), "200", "cash_deposit", money{100} * day);
    const period june{"1993-06-01", "1993-06-30"};
    const auto first = squeezed(bank.statement_of("7", june, 1));
    CHECK(first.starts_with("account 7: statement, page 1 of 2\n"));
    CHECK(first.find(" 1993-06-01 balance before 889.85\n 1993-06-01 cash_deposit") != std::string::npos);
    CHECK(first.find("1993-06-25 cash_deposit 200 +25.00 1 214.85\n balance after 1 214.85\n") != std::string::npos);
    const auto second = squeezed(bank.statement_of("7", june, 2));
    CHECK(second.find("\n balance before 1 214.85\n 1993-06-26 cash_deposit") != std::string::npos);
    CHECK(
        second.ends_with("1993-06-30 cash_deposit 200 +30.00 1 354.85\n 1993-06-30 balance after 1 354.85\n\n"
                         " credited 465.00, debited 0.00 on all pages\n"));
    CHECK_THROWS_WITH_AS(static_cast<void>(bank.statement_of("7", june, 3)),
                         "there is no page 3: this statement of account 7 has 2", refusal);
    CHECK(squeezed(bank.statement_of("7", {"1994-01-01", ""}, 1)).starts_with("account 7: statement, page 1 of 1\n"));
}

TEST_CASE("the read model agrees with a replay of the events") {
    small_bank bank;
    auto db = bank.statement();
    const auto lines = statement_lines(db, "7", {});
    const auto history = history_of(bank.store, "7");
    REQUIRE(lines.size() == history.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK(lines[i].date == history[i].date);
        CHECK(lines[i].kind == history[i].kind);
        CHECK(lines[i].transaction == history[i].transaction);
        CHECK(lines[i].change == history[i].change);
        CHECK(lines[i].balance == history[i].balance);
    }
}

TEST_CASE("an audit shows what the balance of a day is made of") {
    small_bank bank;
    CHECK(without_recording_day(audit_of(bank.store, "7", "1993-04-29", {}), bank.store) ==
          "account 7: audit as of 1993-04-29, from 4 of its 6 events\n"
          "\n"
          "  booked      kind             transaction     amount   balance  event  recorded\n"
          "  1993-01-05  account_opened                               0.00      1  TODAY\n"
          "  1993-01-05  cash_deposit     100          +1 200.00  1 200.00      2  TODAY\n"
          "  1993-02-10  cash_withdrawal  101            -300.00    900.00      3  TODAY\n"
          "  1993-03-31  fee              102             -14.60    885.40      6  TODAY\n"
          "\n"
          "  made of                events    amount\n"
          "  cash_deposit                1  1 200.00\n"
          "  cash_withdrawal             1   -300.00\n"
          "  fee                         1    -14.60\n"
          "  balance on 1993-04-29            885.40\n");
    CHECK(squeezed(audit_of(bank.store, "7", "1993-02-10", {})).ends_with("balance on 1993-02-10 900.00\n"));
    CHECK(squeezed(audit_of(bank.store, "7", "1993-02-09", {})).ends_with("balance on 1993-02-09 1 200.00\n"));
}

TEST_CASE("an account that does not exist (yet) is refused") {
    small_bank bank;
    CHECK_THROWS_WITH_AS(static_cast<void>(bank.statement_of("8", {})), "there is no account 8", refusal);
    CHECK_THROWS_WITH_AS(static_cast<void>(audit_of(bank.store, "8", "1993-04-29", {})), "there is no account 8",
                         refusal);
    CHECK_THROWS_WITH_AS(static_cast<void>(audit_of(bank.store, "7", "1993-01-04", {})),
                         "there was no account 7 on 1993-01-04; it was opened on 1993-01-05", refusal);
}

TEST_CASE("without its colour codes, coloured text equals plain text") {
    small_bank bank;
    auto coloured = bank.statement_of("7", {}, 0, {.colours = true});
    CHECK(coloured.find("\x1b[1m") != std::string::npos);
    for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
        coloured.erase(at, coloured.find('m', at) - at + 1);
    CHECK(coloured == bank.statement_of("7", {}));
}
