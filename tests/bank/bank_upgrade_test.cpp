// A bank whose store has file format 1, as earlier versions wrote it, goes on where it was.

#include "bank/bank_statements.hpp"
#include "bank/import/send_statement.hpp"
#include "bank/storage/read_models.hpp"
#include "support/run_sql.hpp"
#include "support/temp_dir.hpp"
#include "support/upgrade/format_1.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>

using namespace bank;

namespace {

void catch_up(stele::event_store& events, const bank_directory& home) {
    auto runner = open_runner(events, home);
    add_projections(runner);
    runner.catch_up();
}

std::map<std::string, std::string> snapshots_of(stele::event_store& events) {
    std::map<std::string, std::string> all;
    for (const auto& each : events.list_documents("snapshot")) all[each.key] = each.value;
    return all;
}

}  // namespace

TEST_CASE("read models and snapshots of a bank go on after its store was upgraded") {
    const auto file = generated({.accounts = 4, .months = 48, .seed = 5});
    const auto half = statement_file{file.path, {file.rows.begin(), file.rows.begin() + std::ssize(file.rows) / 2}};
    const temp_dir directory;
    const bank_directory home{directory.path};
    std::filesystem::create_directories(home.bank());
    const auto events_file = home.bank() / bank_directory::events_file;
    std::map<std::string, std::string> snapshots;
    {
        auto events = stele::sqlite_store::open(events_file);
        REQUIRE(send_statement(events, half, {.threads = 1}).empty());
        catch_up(events, home);
        snapshots = snapshots_of(events);
    }
    REQUIRE_FALSE(snapshots.empty());
    testing::downgrade(events_file);
    // What no event says stays only in a read model that is not built again.
    run_sql(home.read_models() / "balances.1.db", "UPDATE balances SET opened_on = 'before'");

    auto events = stele::sqlite_store::open(events_file);
    CHECK(std::filesystem::exists(events_file.string() + ".format-1"));
    CHECK(snapshots_of(events) == snapshots);
    REQUIRE(send_statement(events, file, {.threads = 1}).empty());
    catch_up(events, home);
    CHECK(std::filesystem::read_symlink(home.read_models() / "balances.db") == "balances.1.db");
    auto db = stele::read_model::open_read_only(home.read_models() / "balances.db");
    const auto opened_before = stated_balances(half);
    for (const auto& [account, balance] : stated_balances(file)) {
        const auto row = balance_of(db, account).value();
        CHECK(row.balance == balance);
        CHECK((row.opened_on == "before") == opened_before.contains(account));
    }
}
