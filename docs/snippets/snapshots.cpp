// The examples of docs/snapshots.md.
#include "bank.hpp"

#include <stele/commands.hpp>
#include <stele/sqlite.hpp>

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace {

namespace hana = boost::hana;

// [aggregate]
struct account {
    static constexpr auto category = "account";
    static constexpr auto events = hana::tuple_t<bank::MoneyDeposited>;
    static constexpr auto commands = hana::tuple_t<bank::DepositMoney>;
    static std::string_view instance_id(const auto& command) { return command.account(); }

    std::int64_t balance = 0;
    friend bool operator==(const account&, const account&) = default;

    void evolve(const bank::MoneyDeposited& e) { balance += e.amount(); }
    stele::decision<account> decide(const bank::DepositMoney& c) const {
        return stele::accept(bank::deposited(c.amount()));
    }

    using snapshot_type = bank::AccountSnapshot;                         // a message that holds the whole state
    static constexpr auto snapshot_policy = stele::snapshot_every(100);  // events
    static constexpr int fold_version = 1;                               // 1 if left out

    bank::AccountSnapshot snapshot() const {
        bank::AccountSnapshot saved;
        saved.set_balance(balance);
        return saved;
    }
    void restore(const bank::AccountSnapshot& saved) { balance = saved.balance(); }  // on the initial state
};
// [/aggregate]

void load(stele::event_store& store) {
    stele::command_bus<account> bus{store};
    for (int i = 0; i < 250; ++i)
        if (!bus.send(bank::deposit("alice", 1))) throw std::runtime_error("a deposit was not accepted");
    // [load]
    stele::repository<account> accounts{store, {.on_warning = [](const std::string& warning) {
                                            fmt::print(stderr, "{}\n", warning);  // never an error
                                        }}};
    auto known = accounts.load("alice");  // the snapshot at version 200, and 50 events
    fmt::print("version {}, snapshot {}, balance {}\n", known.version.value, known.snapshot.value, known.state.balance);

    accounts.take_snapshot("alice", known);  // now, whatever the policy says
    fmt::print("snapshot {}\n", accounts.load("alice").snapshot.value);
    // [/load]
}

void verify(stele::event_store& store) {
    // [verify]
    auto checked = stele::verify_snapshot<account>(store, stele::stream_of<account>("alice"));
    if (checked)
        fmt::print("the same state at each of {} versions\n", checked->value);
    else
        fmt::print("{}\n", checked.error());
    // [/verify]
}

void remove(stele::event_store& store) {
    // [remove]
    auto stream = stele::stream_of<account>("alice");
    if (!store.delete_stream(stream)) return;
    stele::remove_snapshot(store, stream);
    // [/remove]
}

}  // namespace

int main() {
    auto store = stele::sqlite_store::open("bank.db", {.durability = stele::durability::normal});
    load(store);
    verify(store);
    remove(store);
}
