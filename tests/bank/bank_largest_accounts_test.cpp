#include "bank/bank_statements.hpp"
#include "bank/import/send_statement.hpp"
#include "bank/read/largest_accounts.hpp"
#include "bank/storage/read_models.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/memory/fold.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace bank;

namespace {

largest_accounts holding(std::map<std::string, money> balances) {
    largest_accounts all;
    all.balances = std::move(balances);
    return all;
}

std::string text(const std::vector<std::pair<std::string, money>>& accounts) {
    std::string line;
    for (const auto& [account, balance] : accounts) line += fmt::format("{}:{} ", account, balance);
    return line;
}

}  // namespace

TEST_CASE("the largest come first; of equal ones the lower number") {
    const auto all = holding({{"1", 50}, {"2", -20}, {"3", 70}, {"4", 70}, {"5", 0}});
    CHECK(text(all.top(3)) == "3:70 4:70 1:50 ");
    CHECK(text(all.top(9)) == "3:70 4:70 1:50 5:0 2:-20 ");
    CHECK(all.top(0).empty());
    CHECK(holding({}).top(3).empty());
}

TEST_CASE("a restored snapshot equals the state") {
    const auto all = holding({{"1", 50}, {"2", -20}});
    largest_accounts restored;
    restored.restore(all.snapshot());
    CHECK(restored == all);
}

TEST_CASE("after each import, they hold what the file states") {
    const auto file = generated({.accounts = 12, .months = 6, .seed = 9});
    stele::memory_store store;
    const temp_dir directory;
    const bank_directory home{directory.path};
    std::filesystem::create_directories(home.bank());
    const auto half = statement_file{file.path, {file.rows.begin(), file.rows.begin() + std::ssize(file.rows) / 2}};
    for (const auto* sent : {&half, &file}) {
        CHECK(send_statement(store, *sent, {.threads = 2}).empty());
        const auto expected = holding(stated_balances(*sent));
        CHECK(ask_largest_accounts(store, home, 99) == expected.top(99));
        CHECK(stele::fold<largest_accounts>(store) == expected);
    }
}
