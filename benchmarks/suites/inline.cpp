#include "benchmarks/deposits.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/projection_runner.hpp>

#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t accounts = 5000;

struct balances {
    static constexpr auto name = "balances";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT, WITHOUT ROWID");
    }
    static void project(const MoneyDeposited& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO balances VALUES (?1, ?2) ON CONFLICT DO UPDATE SET balance = balance + ?2",
                   stele::instance_id_of(at.stream), event.amount());
    }
};

/// A store of its own with open accounts, and the deposits to them.
struct branch {
    branch(const std::filesystem::path& to, std::size_t accounts_in_it)
        : file(with_accounts(to, accounts_in_it)), more(0, accounts_in_it) {}

    static std::filesystem::path with_accounts(const std::filesystem::path& to, std::size_t count) {
        open_accounts(to, count);
        return to;
    }

    std::filesystem::path file;
    deposits more;
    stele::sqlite_store store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
};

void expect_balance(stele::read_model& db, const batch& last) {
    if (!db.query_one<std::int64_t>("SELECT balance FROM balances WHERE account = ?1", last.stream.instance_id()))
        throw std::runtime_error("a read model lacks an account");
}

/// Appends deposits, and does something after each.
template <class Then>
contender depositor(const char* name, branch& where, Then then) {
    const auto turn = [&where, then](benchmark::State& state) {
        const auto batches = where.more.appends(static_cast<std::size_t>(state.max_iterations));
        auto next = batches.begin();
        for (auto _ : state) {
            append(where.store, *next);
            then(*next++);
        }
        state.SetItemsProcessed(state.iterations());
    };
    return {name, turn, 20};
}

}  // namespace

void measure_inline(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto count = wanted.amount(accounts);
    branch plain{directory / "plain.db", count};
    branch at_once{directory / "inline.db", count};
    branch later{directory / "later.db", count};
    stele::inline_projections{at_once.store}.add<balances>();
    auto at_once_db = stele::read_model::open_read_only(at_once.file);
    stele::projection_runner runner{later.store, directory / "read"};
    runner.add<balances>();
    runner.catch_up();
    runner.start();
    auto later_db = stele::read_model::open_read_only(directory / "read" / "balances.db");

    const auto wait = [&](const batch& last) {
        if (!runner.wait_for<balances>(later.store.head(), std::chrono::seconds{10}))
            throw std::runtime_error("a projection is too slow");
        expect_balance(later_db, last);
    };
    const auto figures =
        alternate({depositor("inline", at_once, [](const batch&) {}), depositor("plain", plain, [](const batch&) {}),
                   depositor("inline, read", at_once, [&](const batch& last) { expect_balance(at_once_db, last); }),
                   depositor("wait, read", later, wait)},
                  wanted.turns());
    out.add(comparison{"append_inline_over_append", "appends/s", "with an inline projection", figures[0], "without",
                       figures[1]});
    out.add(
        comparison{"read_own_write_inline_over_wait_for", "writes/s", "inline", figures[2], "wait_for", figures[3]});
}

}  // namespace bench
