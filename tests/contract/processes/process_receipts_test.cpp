// Which receipts may be forgotten: not those of a turn that is not over.

#include "support/mover.hpp"
#include "support/stores.hpp"

using namespace testing;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t at_once = 1, by_deadline = 5, after_rejection = 7, in_ten_hours = 10;

/// Puts money into the wallet w, and then sends a command that fails. Some amounts are put by a deadline, or after a
/// wallet that is not there has rejected them.
template <stele::on_fault Policy>
struct halting {
    static constexpr auto name = "halting";
    static constexpr auto on_fault = Policy;
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney, CloseWallet>;
    using reaction = stele::reaction<halting>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }
    void evolve(const auto&) {}
    reaction react(const MoneyTaken& event) const {
        PutMoney put;
        put.set_transfer(event.transfer());
        put.set_amount(event.amount());
        put.set_wallet(event.amount() == at_once ? "w" : "nowhere");
        if (event.amount() == after_rejection) return reaction{}.send(put);
        if (event.amount() == in_ten_hours) return reaction{}.after(10h, "later", put);
        if (event.amount() == by_deadline) return reaction{}.after(-1h, "late", put);
        return reaction{}.send(put).send(close_wallet("x"));
    }
    reaction react(const stele::rejected<PutMoney>& no) const {
        auto put = no.command;
        put.set_wallet("w");
        return reaction{}.send(put).send(close_wallet("x"));
    }
    reaction react(const stele::rejected<CloseWallet>&) const { return {}; }
};

std::size_t receipts_in(stele::event_store& store) {
    return store.list_documents("receipt").size();
}

/// Forgets all that can be forgotten, and checks the number.
void forget(stele::event_store& store) {
    const auto before = receipts_in(store);
    const auto forgotten = stele::forget_receipts(store, stele::timestamp::max());
    CHECK(receipts_in(store) == before - forgotten);
}

template <stele::on_fault Policy>
void check_kept(contract_store& store, std::int64_t amount) {
    using process = halting<Policy>;
    send(*store, open_wallet("w"));
    send(*store, open_wallet("x"));
    const auto old = stele::make_idempotency_key({}, "an old one");
    REQUIRE(transfer_bus{*store}.send(open_wallet("old"), {.idempotency_key = old}));
    spy_bus bus{*store};
    bool is_broken = true;
    bus.before_send = [&](const google::protobuf::Message& command) {
        if (is_broken && dynamic_cast<const CloseWallet*>(&command) != nullptr)
            throw std::runtime_error("out of order");
    };
    process_runner runner{*store};
    runner.add<process>(bus);
    const auto append_others = [&] {
        REQUIRE(store->append(stele::stream_id{"other-1"}, stele::expected_version::any(), make_events(1000)));
    };
    append_others();
    runner.catch_up();  // its checkpoint is right before the event
    take(*store, "i", amount);
    for (int round = 0; round < 2; ++round) {
        // At first the event is the last one, and the rejection of its command has its position. Then whatever does not
        // stop comes past it.
        if (round > 0) append_others();
        try {
            runner.catch_up();
        } catch (const stele::error&) {
            CHECK(Policy == stele::on_fault::stop);
        }
        CHECK(put_by(*store, "i") == amounts{amount});
        forget(*store);
        CHECK(receipts_in(*store) == (amount == at_once ? 1 : 2));
        CHECK_FALSE(store->find_document("receipt", old.as_bytes()));
    }
    send(*store, open_wallet("nowhere"));  // what was rejected stays rejected
    is_broken = false;
    if (Policy == stele::on_fault::dead_letter) CHECK(runner.template replay_dead_letters<process>().applied == 1);
    runner.catch_up();
    CHECK(put_by(*store, "i") == amounts{amount});  // not twice
    CHECK(balance(*store, "nowhere") == 0);

    // When all is over and the process has come past it, nothing is kept.
    append_others();
    runner.catch_up();
    forget(*store);
    CHECK(receipts_in(*store) == 0);
}

}  // namespace

STORE_TEST_CASE(store, "receipts are kept for the event of a dead letter") {
    check_kept<stele::on_fault::dead_letter>(store, at_once);
}

STORE_TEST_CASE(store, "receipts are kept for the deadline of a dead letter") {
    check_kept<stele::on_fault::dead_letter>(store, by_deadline);
}

STORE_TEST_CASE(store, "receipts are kept for the event at which a process has stopped") {
    check_kept<stele::on_fault::stop>(store, at_once);
}

STORE_TEST_CASE(store, "receipts are kept for the deadline at which a process has stopped") {
    check_kept<stele::on_fault::stop>(store, by_deadline);
}

STORE_TEST_CASE(store, "receipts of rejections are kept for the event of a dead letter") {
    check_kept<stele::on_fault::dead_letter>(store, after_rejection);
}

STORE_TEST_CASE(store, "receipts of rejections are kept for the event at which a process has stopped") {
    check_kept<stele::on_fault::stop>(store, after_rejection);
}

STORE_TEST_CASE(store, "a deadline keeps receipts once it may have fired by a clock that is an hour ahead") {
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<halting<stele::on_fault::stop>>(bus);
    take(*store, "i", in_ten_hours);
    runner.catch_up();
    REQUIRE(bus.send(open_wallet("x"), {.idempotency_key = stele::make_idempotency_key({}, "after the deadline")}));
    REQUIRE(store->append(stele::stream_id{"other-1"}, stele::expected_version::any(), make_events(1000)));
    runner.catch_up();
    const auto now = stele::system_time();
    CHECK(stele::forget_receipts(*store, now + 9h + 1min) == 0);
    CHECK(stele::forget_receipts(*store, now + 8h) == 1);
}
