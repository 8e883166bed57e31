#include "benchmarks/deposits.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/codec/codec.hpp>
#include <stele/projections/projection_runner.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t accounts = 5000;
constexpr std::size_t deposits_at_random = 150'000;
constexpr std::size_t upserts_each_transaction = 1000;  // as a runner has events

constexpr const char* table =
    "CREATE TABLE balances (account TEXT PRIMARY KEY, balance INTEGER NOT NULL, deposits INTEGER NOT NULL) "
    "STRICT, WITHOUT ROWID";
constexpr const char* upsert =
    "INSERT INTO balances VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET balance = balance + ?2, deposits = deposits + 1";

struct balances {
    static constexpr auto name = "balances";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
    static void create(stele::read_model& db) { db.execute(table); }
    static void project(const MoneyDeposited& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute(upsert, stele::instance_id_of(at.stream), event.amount());
    }
};

struct deposit {
    std::string account;
    std::int64_t amount;
};

void fill(const std::filesystem::path& file, const settings& wanted) {
    open_accounts(file, wanted.amount(accounts));
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    deposits more{0, wanted.amount(accounts)};
    for (std::size_t i = 0; i < wanted.amount(deposits_at_random); ++i) {
        append(store, more.to_append());
        check_interrupt();
    }
}

std::vector<deposit> read_deposits(stele::event_store& store) {
    std::vector<deposit> all;
    stele::decode_each<balances>(store.read_all({.filter = {.types = {"bench.MoneyDeposited"}}}),
                                 [&](const auto& event, const auto& at) {
                                     all.push_back({std::string{stele::instance_id_of(at.stream)}, event.amount()});
                                 });
    return all;
}

/// The same upserts by plain SQLite calls, with the settings that a rebuild has: without syncs, and synced at the end.
class plain_upserts {
public:
    explicit plain_upserts(const std::filesystem::path& file) {
        for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
        sqlite3* db = nullptr;
        const int code = sqlite3_open_v2(file.c_str(), &db,
                                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
        db_.reset(db);
        check(code == SQLITE_OK);
        execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 4000");
        execute(table);
        execute("CREATE TABLE progress (checkpoint INTEGER NOT NULL); INSERT INTO progress VALUES (0)");
    }

    void run(const std::vector<deposit>& all) {
        const auto one = prepare(upsert);
        const auto progress = prepare("UPDATE progress SET checkpoint = checkpoint + 1000");
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i % upserts_each_transaction == 0) execute("BEGIN IMMEDIATE");
            sqlite3_bind_text(one.get(), 1, all[i].account.data(), static_cast<int>(all[i].account.size()),
                              SQLITE_STATIC);
            sqlite3_bind_int64(one.get(), 2, all[i].amount);
            step(one.get());
            if (i % upserts_each_transaction != upserts_each_transaction - 1 && i + 1 != all.size()) continue;
            step(progress.get());
            execute("COMMIT");
        }
    }

    /// Brings the file to the disk and returns the sum of all balances.
    std::int64_t finish(const std::filesystem::path& file) {
        execute("PRAGMA wal_checkpoint(TRUNCATE)");
        const auto sum = prepare("SELECT sum(balance) FROM balances");
        check(sqlite3_step(sum.get()) == SQLITE_ROW);
        const auto result = sqlite3_column_int64(sum.get(), 0);
        sqlite3_reset(sum.get());
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
        ::close(descriptor);
        if (!synced) throw std::runtime_error("plain SQLite: the file cannot be synced");
        return result;
    }

private:
    struct closer {
        void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    using prepared = std::unique_ptr<sqlite3_stmt, closer>;

    void check(bool good) const {
        if (!good) throw std::runtime_error(fmt::format("plain SQLite: {}", sqlite3_errmsg(db_.get())));
    }
    void execute(const char* sql) const { check(sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK); }
    prepared prepare(const char* sql) const {
        sqlite3_stmt* made = nullptr;
        check(sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK);
        return prepared{made};
    }
    void step(sqlite3_stmt* statement) const {
        check(sqlite3_step(statement) == SQLITE_DONE);
        sqlite3_reset(statement);
    }

    std::unique_ptr<sqlite3, closer> db_;
};

std::int64_t sum_of(const std::filesystem::path& directory) {
    auto db = stele::read_model::open_read_only(directory / "balances.db");
    return std::get<0>(db.query_one<std::int64_t>("SELECT sum(balance) FROM balances").value());
}

void expect_same(std::int64_t ours, std::int64_t plain) {
    if (ours != plain) throw std::runtime_error(fmt::format("the read model adds up to {}, not to {}", ours, plain));
}

}  // namespace

void measure_rebuild(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    fill(directory / "events.db", wanted);
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    const auto all = read_deposits(store);
    stele::projection_runner runner{store, directory / "read"};
    runner.add<balances>();
    const auto plain_file = directory / "plain.db";

    const auto counted = [&](auto work) {
        return [&all, work](benchmark::State& state) {
            for (auto _ : state) work();
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
        };
    };
    std::int64_t plain_sum = 0;
    const auto plain = [&] {
        plain_upserts upserts{plain_file};
        upserts.run(all);
        plain_sum = upserts.finish(plain_file);
    };
    const auto live = [&] {
        std::filesystem::remove_all(directory / "live");
        stele::projection_runner other{store, directory / "live"};
        other.add<balances>();
        other.catch_up();
    };
    const auto figures = alternate({{"rebuild", counted([&] { runner.rebuild<balances>(); }), 1},
                                    {"plain", counted(plain), 1},
                                    {"live", counted(live), 1}},
                                   wanted.turns());
    expect_same(sum_of(directory / "read"), plain_sum);
    expect_same(sum_of(directory / "live"), plain_sum);

    out.add(comparison{"rebuild_sql_over_raw_upsert", "events/s", "rebuild", figures[0], "plain SQLite", figures[1]});
    out.add("rebuild_events_per_s", spread_of(figures[0]).median);
    out.add(
        comparison{"rebuild_speedup_over_live_catch_up", "events/s", "rebuild", figures[0], "catch-up", figures[2]});
}

}  // namespace bench
