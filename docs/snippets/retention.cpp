// The examples of docs/retention.md.
#include "bank.hpp"

#include <stele/codec.hpp>
#include <stele/commands.hpp>
#include <stele/eventstore.hpp>
#include <stele/projections.hpp>
#include <stele/sqlite.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using std::chrono::days;

namespace {

namespace hana = boost::hana;

struct balances {
    static constexpr auto name = "balances";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<bank::MoneyDeposited>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE balances (account TEXT, balance INTEGER)"); }
    static void project(const bank::MoneyDeposited& e, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO balances VALUES (?1, ?2)", at.stream, e.amount());
    }
};

struct account {
    static constexpr auto category = "account";
    static constexpr auto events = hana::tuple_t<bank::MoneyDeposited>;
    static constexpr auto commands = hana::tuple_t<bank::DepositMoney>;
    static std::string_view instance_id(const auto& command) { return command.account(); }
    std::int64_t balance = 0;
    void evolve(const bank::MoneyDeposited& e) { balance += e.amount(); }
    static stele::decision<account> decide(const bank::DepositMoney& c) {
        return stele::accept(bank::deposited(c.amount()));
    }
    using snapshot_type = bank::AccountSnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(100);
    bank::AccountSnapshot snapshot() const {
        bank::AccountSnapshot saved;
        saved.set_balance(balance);
        return saved;
    }
    void restore(const bank::AccountSnapshot& saved) { balance = saved.balance(); }
};

void append(stele::event_store& store, const std::string& stream, int count) {
    const std::vector<stele::event_data> events(1, {.type = "shop.Seen", .payload = "", .metadata = ""});
    for (int i = 0; i < count; ++i) {
        auto next = events;
        next.front().id = stele::uuid::v7();
        if (!store.append(stele::stream_id{stream}, stele::expected_version::any(), next)) return;
    }
}

void fill(stele::event_store& store) {
    append(store, "session-1", 120);
    append(store, "session-2", 110);
    append(store, "session-3", 90);
    append(store, "reading-1", 10);
    append(store, "import-2019", 130);
}

std::vector<stele::retention_policy> policies_of() {
    // [policies]
    const std::vector<stele::retention_policy> policies{
        {.category = "session", .keep_events = 100},
        {.category = "reading", .keep_for = days{90}},
        {.stream = "import-2019", .keep_events = 0},  // not even the latest
    };
    // [/policies]
    return policies;
}

void apply(stele::event_store& store) {
    const auto policies = policies_of();
    // [apply]
    const auto report = stele::apply_retention(store, policies);
    fmt::print("{} events of {} streams removed\n", report.events_removed, report.streams_truncated);
    // [/apply]
}

void careful(stele::event_store& store, stele::projection_runner& runner) {
    stele::command_bus<account> bus{store};
    if (!bus.send(bank::deposit("alice", 1))) return;
    // [snapshots]
    const std::vector<stele::retention_policy> covered{
        {.category = "account", .keep_for = days{365}, .covered_by = stele::snapshots_of<account>(store)},
    };
    // [/snapshots]
    // [up_to]
    const auto slowest = std::ranges::min(runner.status(), {}, &stele::projection_status::checkpoint);
    const std::vector<stele::retention_policy> seen{
        {.category = "reading", .keep_for = days{90}, .up_to = slowest.checkpoint},
    };
    // [/up_to]
    stele::apply_retention(store, covered);
    stele::apply_retention(store, seen);
}

void watch(stele::event_store& store, const std::stop_token& stop) {
    const auto policies = policies_of();
    // [watch]
    const auto show = [](const stele::stream_retention& stream, const stele::retention_report& so_far) {
        if (!stream.failure.empty()) fmt::print("{}: {}\n", stream.stream, stream.failure);
        if (so_far.streams_seen % 10'000 == 0) fmt::print("{} streams so far\n", so_far.streams_seen);
    };
    const auto watched = stele::apply_retention(store, policies, {.on_stream = show, .stop = stop});
    if (!watched.complete) fmt::print("stopped; the next run continues\n");
    // [/watch]
}

void run_in_background(stele::event_store& store) {
    const auto policies = policies_of();
    // [loop]
    const std::jthread upkeep([&](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        do {
            try {
                stele::apply_retention(store, policies, {.stop = stop});
            } catch (const stele::error& fault) {
                fmt::print(stderr, "retention: {}\n", fault.what());  // the next run continues
            }
        } while (!stopped.wait_for(lock, stop, 24h, [&] { return stop.stop_requested(); }));
    });
    // [/loop]
}

void archive(stele::event_store& store, const std::filesystem::path& directory) {
    const auto policies = policies_of();
    // [archive]
    const stele::recorded_schemas schemas{store};
    const auto archived = stele::apply_retention(
        store, policies,
        {.archive = directory / "sessions-2026.archive",
         .archive_json = [&](const stele::recorded_event& event) { return schemas.to_json(event); }});
    fmt::print("{} events archived and removed\n", archived.events_archived);
    // [/archive]
}

void read(const std::filesystem::path& file) {
    // [read]
    const auto checked = stele::verify_archive(file);  // every sum and every line
    fmt::print("{} events of {} streams\n", checked.events, checked.streams);

    for (const auto& event : stele::read_archive(file).events())
        if (event.stream == "session-2" && event.version.value < 3) fmt::print("{} {}\n", event.version, event.type);
    // [/read]
}

}  // namespace

int main() {
    const auto directory = std::filesystem::temp_directory_path() / ("stele-retention-" + stele::uuid::v7().str());
    std::filesystem::create_directory(directory);
    {
        auto store = stele::sqlite_store::open(directory / "a.db");
        fill(store);
        apply(store);
        stele::projection_runner runner{store, directory / "read"};
        runner.add<balances>();
        careful(store, runner);
        watch(store, {});
        run_in_background(store);
        auto other = stele::sqlite_store::open(directory / "b.db");
        fill(other);
        archive(other, directory);
        read(directory / "sessions-2026.archive");
    }
    std::filesystem::remove_all(directory);
}
