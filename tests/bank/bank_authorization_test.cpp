#include "bank/bank_transfers.hpp"
#include "bank/domain/authorization.hpp"
#include "bank/domain/bank_bus.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>

using namespace bank;

namespace {

template <class Command>
Command on_account() {
    Command command;
    command.set_account("1");
    command.set_date("2024-02-01");
    return command;
}

std::string answer(const stele::command_result& result) {
    return result ? "done" : result.error().rejection()->code;
}

}  // namespace

TEST_CASE("is_officer wants the role and a name") {
    CHECK(is_officer("officer:jana"));
    for (const auto* other : {"", "jana", "officer", "officer:", "Officer:jana", "clerk:jana", "customer:officer:jana"})
        CHECK_FALSE(is_officer(other));
}

TEST_CASE("only an officer freezes and unfreezes an account") {
    stele::memory_store store;
    open_account(store, "1", 500);
    auto bus = make_bus(store);
    const auto freeze = on_account<FreezeAccount>();
    const auto unfreeze = on_account<UnfreezeAccount>();
    const auto head = store.head();
    CHECK(answer(bus.send(freeze)) == "not_authorized");
    CHECK(answer(bus.send(freeze, {.metadata = {.actor = "customer:1"}})) == "not_authorized");
    CHECK(answer(bus.dispatch("bank.FreezeAccount", freeze.SerializeAsString(),
                              {.metadata = {.actor = "customer:1"}})) == "not_authorized");
    CHECK(store.head() == head);

    CHECK(answer(bus.send(freeze, {.metadata = {.actor = "officer:jana"}})) == "done");
    CHECK(answer(bus.send(unfreeze, {.metadata = {.actor = "customer:1"}})) == "not_authorized");
    CHECK(answer(bus.send(unfreeze, {.metadata = {.actor = "officer:jana"}})) == "done");
    CHECK(answer(bus.send(on_account<CloseAccount>())) == "balance_not_zero");
}

TEST_CASE("a transfer from a frozen account fails, one to it completes") {
    stele::memory_store store;
    open_account(store, "1", 500);
    open_account(store, "2", 500);
    auto bus = make_bus(store);
    REQUIRE(bus.send(on_account<FreezeAccount>(), {.metadata = {.actor = "officer:jana"}}));
    REQUIRE(bus.send(request_transfer("T1", "1", "2", 100)));
    REQUIRE(bus.send(request_transfer("T2", "2", "1", 100)));
    carry_out(store, bus, "2024-02-01");
    CHECK(transfer_of(store, "T1").failure.code() == "account_frozen");
    CHECK(transfer_of(store, "T2").status == transfer::phase::completed);
    CHECK(balance_of(store, "1") == 600);
}
