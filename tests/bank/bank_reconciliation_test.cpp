#include "bank/bank_statements.hpp"
#include "bank/import/reconciliation.hpp"
#include "bank/import/statement_import.hpp"
#include "bank/tools/statement_generator.hpp"

#include <stele/codec/codec.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/metadata.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>

using namespace bank;

TEST_CASE("any generated statement reconciles") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        const auto file = generated({.accounts = 1 + seed % 7, .months = 1 + static_cast<int>(seed % 5), .seed = seed});
        stele::memory_store store;
        CHECK(send_statement(store, file, {.threads = 1 + seed % 9}).empty());
        const auto result = reconcile(store, file);
        CHECK(result.mismatched.empty());
        CHECK(result.rounded == rounded_rows(file));
        CHECK(result.exact == file.rows.size() - rounded_rows(file));
        CHECK(result.accounts == stated_balances(file).size());
        // One event for each opening, each transaction and each rounding.
        CHECK(store.head().value == result.accounts + result.transactions() + result.rounded);
    }
}

TEST_CASE("commands carry the bank's transaction id as correlation id") {
    const auto file = generated({.accounts = 3, .months = 2});
    stele::memory_store store;
    send_statement(store, file, {});
    const auto rows = rows_by_account(file).front();
    std::size_t next = 0;
    for (const auto& event : store.read_stream(stele::stream_of<account>(rows.front()->account)).events()) {
        const auto correlation = stele::decode_metadata(event.metadata).correlation_id;
        if (event.type == "bank.AccountOpenedV2" || event.type == "bank.RoundingPosted")
            CHECK(correlation == rows[next == 0 ? 0 : next - 1]->transaction);
        else
            CHECK(correlation == rows.at(next++)->transaction);
    }
    CHECK(next == rows.size());
}

TEST_CASE("one altered balance is exactly one mismatch") {
    auto file = generated({.accounts = 6, .months = 6, .seed = 3});
    std::mt19937_64 random(1);
    for (int round = 0; round < 60; ++round) {
        auto& row = file.rows[random() % file.rows.size()];
        const money truth = row.balance;
        row.balance += 1 + static_cast<money>(random() % 9) + 10 * static_cast<money>(random() % 3000) - 15'000;
        CAPTURE(row.line);
        CAPTURE(row.balance - truth);

        stele::memory_store store;
        CHECK(send_statement(store, file, {.threads = 2}).empty());
        const auto result = reconcile(store, file);
        CHECK(lines_of(result.mismatched) == std::vector{row.line});
        CHECK(result.reconciled() == file.rows.size() - 1);
        row.balance = truth;
    }
}

TEST_CASE("a reconciliation compares the events, whatever the import reported") {
    const auto file = generated({.accounts = 4, .months = 3, .seed = 5});
    stele::memory_store store;
    send_statement(store, file, {});

    auto altered = file;
    altered.rows[10].balance += 10;
    CHECK(lines_of(reconcile(store, altered).mismatched) == std::vector{altered.rows[10].line});

    // A transaction that was never sent, and one on another account.
    altered = file;
    altered.rows[20].transaction = "999999";
    const auto missing = reconcile(store, altered).mismatched;
    REQUIRE(lines_of(missing) == std::vector{altered.rows[20].line});
    CHECK(missing[0].replayed == std::nullopt);
    altered = file;
    altered.rows[20].account = altered.rows[20].account == "1001" ? "1002" : "1001";
    CHECK(lines_of(reconcile(store, altered).mismatched) == std::vector{altered.rows[20].line});

    // A transaction that was booked twice.
    const auto last = *rows_by_account(file).front().back();
    FeeCharged again;
    again.mutable_booking()->set_transaction(last.transaction);
    again.set_amount(1);
    const auto event = stele::encode(again);
    CHECK(store.append(stele::stream_of<account>(last.account), stele::expected_version::stream_exists(), {&event, 1}));
    CHECK(lines_of(reconcile(store, file).mismatched) == std::vector{last.line});
}
