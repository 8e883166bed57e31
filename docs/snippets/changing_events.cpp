// The examples of docs/changing-events.md: a store that an older program wrote, read by the program of today.
#include "bank.hpp"

#include <stele/codec.hpp>
#include <stele/sqlite.hpp>

#include <fmt/core.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace bank;

namespace {

// What the program of last year left in the store.
void write_as_last_year(stele::event_store& store) {
    const std::array events{stele::encode(opened("Alice")), stele::encode(deposited(100)), stele::encode(closed()),
                            stele::event_data{.type = "bank.PinPrinted"}};
    if (!store.append(stele::stream_id{"account-alice"}, stele::expected_version::no_stream(), events))
        throw std::runtime_error("the store is not empty");
}

}  // namespace

namespace today {

// [upcasters]
struct upcasters {
    // Renamed: stored as the old name, read as the new message.
    static constexpr auto aliases = hana::make_tuple(stele::alias<AccountTerminated>{"bank.AccountClosed"});

    // Changed: the old messages, and one upcast for each.
    static constexpr auto outdated = hana::tuple_t<AccountOpened>;
    static AccountOpenedV2 upcast(const AccountOpened& old) {
        AccountOpenedV2 event;
        event.set_owner(old.owner());
        event.set_currency("EUR");
        return event;
    }

    // No longer of use: every consumer skips it.
    static constexpr auto ignored = hana::make_tuple("bank.PinPrinted");
};

struct account {
    static constexpr auto category = "account";
    static constexpr auto events =
        stele::upcast_by<upcasters>(hana::tuple_t<AccountOpenedV2, MoneyDeposited, AccountTerminated>);

    std::string currency;
    std::int64_t balance = 0;
    bool open = false;

    void evolve(const AccountOpenedV2& e) { currency = e.currency(), open = true; }
    void evolve(const MoneyDeposited& e) { balance += e.amount(); }
    void evolve(const AccountTerminated&) { open = false; }
};
// [/upcasters]

void read_old_events(stele::event_store& store) {
    // [load]
    auto known = stele::load<account>(store, stele::stream_id{"account-alice"});
    fmt::print("{} {}, {}\n", known.state.balance, known.state.currency, known.state.open ? "open" : "closed");
    // [/load]
}

void log(std::string_view) {}

void record(stele::event_store& store) {
    // [record]
    stele::record_schemas<account>(store);  // with all aggregates, projections and processes: <account, balances, …>
    // [/record]

    // [to_json]
    stele::recorded_schemas schemas{store};
    for (const auto& event : store.read_stream(stele::stream_id{"account-alice"}, {.limit = 3}).events())
        fmt::print("{} {}\n", event.type, schemas.to_json(event));
    // [/to_json]

    // [to_json_line]
    for (const auto& event : store.read_all().events()) log(schemas.to_json_line<account>(event));
    // [/to_json_line]
}

}  // namespace today

namespace broken {

// A later program that means to rename MoneyDeposited, but its message has other fields.
struct upcasters {
    static constexpr auto aliases = hana::make_tuple(stele::alias<DepositMoney>{"bank.MoneyDeposited"});
};
struct account {
    static constexpr auto events =
        stele::upcast_by<today::upcasters, upcasters>(hana::tuple_t<AccountOpenedV2, AccountTerminated, DepositMoney>);
};

void check(stele::event_store& store) {
    // [check]
    for (const auto& finding : stele::check_schemas<account>(store)) fmt::print("{}\n", finding.message());
    // [/check]
}

}  // namespace broken

namespace statistics {

// [forgotten]
struct openings {  // a projection that forgot the upcasters
    static constexpr auto name = "openings";
    static constexpr auto events = hana::tuple_t<AccountOpenedV2>;
};
// [/forgotten]

void check(stele::event_store& store) {
    // [find_forgotten]
    for (const auto& finding : stele::check_schemas<openings>(store)) fmt::print("{}\n", finding.message());
    // [/find_forgotten]
}

}  // namespace statistics

namespace reporting {

// [others]
struct deposits {  // all that this program is about
    static constexpr auto name = "deposits";
    static constexpr auto events = hana::tuple_t<MoneyDeposited>;
};

void start(stele::event_store& store) {
    stele::record_schemas<deposits>(store, {.ignored = {"bank.Account*", "bank.PinPrinted"}});
}
// [/others]

}  // namespace reporting

int main() {
    auto store = stele::sqlite_store::open("bank.db");
    write_as_last_year(store);
    today::read_old_events(store);
    today::record(store);
    broken::check(store);
    statistics::check(store);
    reporting::start(store);
}
