#include "bank/import/rounding.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using bank::money;
using bank::roundings;
using bank::stated_transaction;
using answer = std::vector<money>;

namespace {

// The statement for these amounts and the roundings after each of them.
std::vector<stated_transaction> stated(const std::vector<money>& amounts, const answer& rounded) {
    std::vector<stated_transaction> rows;
    money balance = 0;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
        balance += amounts[i] + rounded[i];
        rows.push_back({amounts[i], balance});
    }
    return rows;
}

// The rows that are wrong, given the roundings that were found.
std::vector<std::size_t> wrong_balances(const std::vector<stated_transaction>& rows) {
    const auto rounded = roundings(rows);
    money balance = 0;
    std::vector<std::size_t> wrong;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        balance += rows[i].amount + rounded[i];
        if (balance != rows[i].balance) wrong.push_back(i);
    }
    return wrong;
}

}  // namespace

TEST_CASE("the bank rounded where the stated balance is one step off") {
    CHECK(roundings({}).empty());
    const std::vector<money> amounts{700, 55, -300, 44, -99};
    for (const auto& rounded : {answer{0, 0, 0, 0, 0}, answer{0, 10, 0, -10, 0}, answer{10, 10, 10, 10, 10},
                                answer{-10, 10, -10, 10, -10}, answer{0, 0, 0, 0, -10}})
        CHECK(roundings(stated(amounts, rounded)) == rounded);
}

TEST_CASE("a wrong balance is not a rounding, and the rows after it still reconcile") {
    auto rows = stated({700, 55, -300, 44}, {0, 0, 0, 0});
    for (const money wrong : {1, -1, 9, 11, 20, -20, 100'000}) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i].balance += wrong;
            CAPTURE(wrong);
            CAPTURE(i);
            CHECK(roundings(rows) == answer{0, 0, 0, 0});
            rows[i].balance -= wrong;
        }
    }
}

TEST_CASE("roundings around a wrong balance are still found") {
    // The balance after the third hides that both it and the next were rounded the same way.
    auto rows = stated({700, 55, -300, 44, 12}, {0, 0, 10, 10, 0});
    rows[2].balance += 7;
    CHECK(roundings(rows) == answer{0, 0, 10, 10, 0});

    // One step off, but then the rest would be wrong: the balance is wrong, and the next row was rounded.
    rows = stated({700, 55, -300, 44, 12}, {0, -10, 0, 0, 0});
    rows[1].balance += 20;
    CHECK(roundings(rows) == answer{0, 0, -10, 0, 0});
    CHECK(wrong_balances(rows) == std::vector<std::size_t>{1});

    // The third could also be correct and the second wrong, but that needs three roundings instead of one.
    rows = stated({700, 55, -300, 44, 12}, {0, 0, 0, 10, 0});
    rows[2].balance += 20;
    CHECK(roundings(rows) == answer{0, 0, 0, 10, 0});
    CHECK(wrong_balances(rows) == std::vector<std::size_t>{2});
}

TEST_CASE("one altered balance is one wrong balance, whatever roundings are around it") {
    std::mt19937_64 random(4711);
    for (int round = 0; round < 2000; ++round) {
        std::vector<money> amounts;
        answer rounded;
        for (std::size_t i = 0; i < 12; ++i) {
            amounts.push_back(static_cast<money>(random() % 2001) - 1000);
            rounded.push_back(random() % 3 == 0 ? (random() % 2 == 0 ? 10 : -10) : 0);
        }
        auto rows = stated(amounts, rounded);
        CHECK(wrong_balances(rows).empty());
        // Not a multiple of the step, so that no combination of roundings explains it.
        const std::size_t altered = random() % rows.size();
        rows[altered].balance += static_cast<money>(random() % 1000) * 10 + 1 + static_cast<money>(random() % 9);
        CHECK(wrong_balances(rows) == std::vector{altered});
    }
}

TEST_CASE("meaningless balances are all wrong") {
    std::vector<stated_transaction> rows;
    rows.reserve(500);
    for (money i = 0; i < 500; ++i) rows.push_back({100, i * i * 1000 + 3});
    CHECK(wrong_balances(rows).size() == rows.size());
}

TEST_CASE("the largest numbers do not overflow") {
    constexpr auto highest = std::numeric_limits<money>::max();
    constexpr auto lowest = std::numeric_limits<money>::min() + 1;
    CHECK(roundings(std::vector<stated_transaction>{{highest, highest}, {lowest, 0}, {lowest, lowest}}) ==
          answer{0, 0, 0});
    CHECK(roundings(std::vector<stated_transaction>{{highest, highest - 10}, {highest, lowest}}) == answer{-10, 0});
}
