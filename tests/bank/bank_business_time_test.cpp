#include "bank/bank_statements.hpp"
#include "bank/domain/account.hpp"
#include "bank/domain/bank_bus.hpp"
#include "bank/domain/calendar.hpp"
#include "bank/import/send_statement.hpp"
#include "support/temp_dir.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/processes.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <map>

using namespace bank;

namespace {

// The rows of the first accounts of a statement.
statement_file first_accounts(const statement_file& whole, std::size_t count) {
    statement_file some{whole.path, {}};
    std::map<std::string, money> seen;
    for (const auto& row : whole.rows)
        if (seen.size() < count) seen.emplace(row.account, 0);
    for (const auto& row : whole.rows)
        if (seen.contains(row.account)) some.rows.push_back(row);
    return some;
}

// Asks for a review of an account 30 days after its last deposit.
template <bool IsAsked>
struct review {
    static constexpr std::string_view name = IsAsked ? "asked_review" : "review";
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
    static constexpr auto commands = hana::tuple_t<FreezeAccount>;
    using reaction = stele::reaction<review>;
    static std::string instance_id(const MoneyDeposited&, const stele::recorded_event& at) {
        return std::string{stele::instance_id_of(at.stream)};
    }
    void evolve(const auto&) {}
    reaction react(const MoneyDeposited&, const stele::recorded_event& at) const {
        return reaction{}.after(std::chrono::days{30}, "review", stele::make<FreezeAccount>([&](auto& command) {
                                    command.set_account(instance_id({}, at));
                                }));
    }
    reaction react(const stele::rejected<FreezeAccount>&) const { return {}; }
};

// How many deadlines a process over the history sets. Its clock stands still, so that none fires.
template <bool IsAsked>
std::size_t deadlines_set(stele::event_store& store, stele::process_options options = {}) {
    auto bus = make_bus(store);
    stele::process_runner runner{store, {.now = [] { return stele::timestamp{}; }}};
    runner.add<review<IsAsked>>(bus, options);
    runner.catch_up();
    return store.list_documents("deadline").size();
}

// Imports the rows, and compares every account at the end of every day on which something was booked.
void compare(stele::event_store& store, const statement_file& file) {
    REQUIRE(send_statement(store, file, {}).empty());
    const stele::repository<account> accounts{store};
    std::map<std::pair<std::string, std::string>, money> stated;  // account and day
    for (const auto& row : file.rows) stated[{row.account, row.date}] = row.balance;
    for (const auto& [place, balance] : stated) {
        const auto& [name, date] = place;
        CAPTURE(name);
        CAPTURE(date);
        REQUIRE(accounts.load(name, {.occurred_up_to = start_of(date)}).state.balance == balance);
    }
    const auto& first = file.rows.front();
    const auto before = start_of(first.date) - std::chrono::microseconds{1};
    CHECK(accounts.load(first.account, {.occurred_up_to = before}).state == account{});
    CHECK(deadlines_set<false>(store) == 0);
    CHECK(deadlines_set<true>(store, {.skip_deadlines_older_than = std::chrono::microseconds::max()}) > 0);
}

void compare_over_stores(const statement_file& file) {
    const temp_dir directory;
    stele::memory_store in_memory;
    auto on_disk = stele::sqlite_store::open(directory / "events.db");
    for (stele::event_store* store : std::initializer_list<stele::event_store*>{&in_memory, &on_disk})
        compare(*store, file);
}

}  // namespace

TEST_CASE("an imported account is as of each of its days as the statement says") {
    const auto file = generated({.accounts = 2, .months = 3, .seed = 4});
    compare_over_stores(file);
}

TEST_CASE("accounts of a real statement are as of each day of their years as it says") {
    const auto path = real_statement();
    if (!path) return;
    const auto whole = read_statement_file(*path);
    REQUIRE(whole);
    const auto some = first_accounts(*whole, 3);
    CHECK(some.rows.front().date.starts_with("1993"));
    compare_over_stores(some);
}
