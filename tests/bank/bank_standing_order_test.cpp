#include "bank/bank_transfers.hpp"
#include "bank/domain/bank_bus.hpp"
#include "bank/domain/calendar.hpp"
#include "bank/domain/standing_order.hpp"
#include "bank/domain/standing_order_process.hpp"
#include "support/stores.hpp"

#include <stele/testing/given.hpp>
#include <stele/testing/given_process.hpp>

#include <vector>

using namespace bank;
using stele::given;
using stele::given_process;
using stele::recorded;
using stele::rejected;

namespace {

// The event or the command, with the same terms.
template <class Message>
Message terms(const char* first_date) {
    Message message;
    if constexpr (requires { message.set_order("rent"); }) message.set_order("rent");
    message.set_source("1");
    message.set_target("2");
    message.set_amount(100);
    message.set_first_date(first_date);
    return message;
}

StandingOrderPlaced placed(const char* first_date = "2024-01-31") {
    return terms<StandingOrderPlaced>(first_date);
}

StandingOrderExecuted executed(const char* date) {
    StandingOrderExecuted event;
    event.set_date(date);
    return event;
}

PlaceStandingOrder place(const char* first_date = "2024-01-31") {
    return terms<PlaceStandingOrder>(first_date);
}

ExecuteStandingOrder execute(const char* date) {
    ExecuteStandingOrder command;
    command.set_order("rent");
    command.set_date(date);
    return command;
}

CancelStandingOrder cancel() {
    CancelStandingOrder command;
    command.set_order("rent");
    return command;
}

RequestTransfer request(const char* name, const char* date) {
    auto command = request_transfer(name, "1", "2", 100);
    command.set_date(date);
    return command;
}

auto of_rent(auto event) {
    return recorded(std::move(event), {.stream = "standing_order-rent"});
}

/// The days on which money left the account, in the order of recording.
std::vector<std::string> days_paid(stele::event_store& store) {
    std::vector<std::string> days;
    stele::decode_each<account>(
        store.read_stream(stele::stream_of<account>("1")),
        stele::overload([&](const MoneyWithdrawn& e, const auto&) { days.push_back(e.booking().date()); },
                        [](const auto&, const auto&) {}));
    return days;
}

}  // namespace

TEST_CASE("a standing order is in force until it is cancelled") {
    given<standing_order>().when(place()).then(placed());
    given<standing_order>(placed()).when(place()).then_rejected("standing_order_known");
    given<standing_order>(placed()).when(execute("2024-01-31")).then(executed("2024-01-31"));
    given<standing_order>(placed()).when(cancel()).then(StandingOrderCancelled{});
    const StandingOrderCancelled cancelled;
    given<standing_order>(placed(), cancelled).when(execute("2024-01-31")).then_rejected("standing_order_cancelled");
    given<standing_order>(placed(), cancelled).when(cancel()).then_rejected("standing_order_cancelled");
    given<standing_order>().when(cancel()).then_rejected("no_such_standing_order");
    given<standing_order>().when(place("soon")).then_rejected("invalid_date");
}

TEST_CASE("each execution requests a transfer and sets the next deadline") {
    given_process<standing_order_process>()
        .when(of_rent(placed()))
        .then_commands()
        .then_deadline("next", start_of("2024-01-31"), execute("2024-01-31"))
        .delivered_twice();
    given_process<standing_order_process>(of_rent(placed()))
        .when(of_rent(executed("2024-01-31")))
        .then_commands(request("rent-2024-01-31", "2024-01-31"))
        .then_deadline("next", start_of("2024-02-29"), execute("2024-02-29"))
        .delivered_twice();
    // A short month does not change the day of the months after it.
    given_process<standing_order_process>(of_rent(placed()), of_rent(executed("2024-01-31")))
        .when(of_rent(executed("2024-02-29")))
        .then_commands(request("rent-2024-02-29", "2024-02-29"))
        .then_deadline("next", start_of("2024-03-31"), execute("2024-03-31"));
    given_process<standing_order_process>(of_rent(placed()))
        .when(of_rent(StandingOrderCancelled{}))
        .then_commands()
        .then_ended();
    given_process<standing_order_process>(of_rent(placed()))
        .when(rejected{execute("2024-01-31"), stele::reject("standing_order_cancelled", "it is")})
        .then_nothing();
}

STORE_TEST_CASE(store, "a standing order over a store, on days with and without a running program") {
    open_account(*store, "1", 250);
    open_account(*store, "2", 0);
    const auto work_on = [&](const char* today) {
        auto bus = make_bus(*store);
        carry_out(*store, bus, today);
    };
    REQUIRE(make_bus(*store).send(place()));
    work_on("2024-01-30");
    CHECK(days_paid(*store).empty());
    work_on("2024-01-31");
    CHECK(days_paid(*store) == std::vector<std::string>{"2024-01-31"});
    store.reopen();
    work_on("2024-01-31");
    CHECK(days_paid(*store).size() == 1);

    // Two months are caught up. In the second there is too little money, which does not end the order.
    work_on("2024-04-01");
    CHECK(days_paid(*store) == std::vector<std::string>{"2024-01-31", "2024-02-29"});
    CHECK(transfer_of(*store, "rent-2024-03-31").failure.code() == "insufficient_funds");
    CHECK(balance_of(*store, "2") == 200);

    REQUIRE(make_bus(*store).send(cancel()));
    work_on("2024-12-31");
    CHECK(transfer_of(*store, "rent-2024-04-30").status == transfer::phase::unknown);
    CHECK(store->list_documents("deadline").empty());
    CHECK(money_made(*store, {}) == 250);
}
