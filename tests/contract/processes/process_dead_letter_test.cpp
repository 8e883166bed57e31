// Dead letters of a process manager: deadlines, removed events, crashes, and a simple model; text that is not UTF-8.

#include "support/mover.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <map>

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// transfer_process, with dead letters.
struct patient_transfers {
    static constexpr auto name = "patient_transfers";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<TransferRequested, MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<TakeMoney, PutMoney, CompleteTransfer>;
    using reaction = stele::reaction<patient_transfers>;
    static std::string instance_id(const auto& event) { return event.transfer(); }

    TransferRequested request;
    void evolve(const TransferRequested& event) { request = event; }
    void evolve(const auto&) {}
    reaction react(const TransferRequested& event, const stele::recorded_event& at) const {
        return reaction{}.at(at.recorded_at - 1h, "start", with_wallet<TakeMoney>(event.from()));
    }
    reaction react(const MoneyTaken&) const {
        CompleteTransfer done;
        done.set_transfer(request.transfer());
        return reaction{}.send(with_wallet<PutMoney>(request.to())).send(done);
    }
    template <class Command>
    reaction react(const stele::rejected<Command>&) const {
        return {};
    }

    template <class Command>
    [[nodiscard]] Command with_wallet(const std::string& wallet) const {
        Command command;
        command.set_wallet(wallet);
        command.set_transfer(request.transfer());
        command.set_amount(request.amount());
        return command;
    }
};

/// Rejects with a text that was cut in the middle of a letter.
struct clumsy {
    static constexpr auto category = "clumsy";
    static constexpr auto events = hana::tuple_t<WalletClosed>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    static std::string_view instance_id(const PutMoney& command) { return command.wallet(); }
    stele::decision<clumsy> decide(const PutMoney& command) const {
        if (command.amount() == 17) return stele::reject("long", std::string(17UL << 20, 'x'));
        return stele::reject("cl\xC3", "the name \"{}\"", std::string{"Zo\xEB"});
    }
    void evolve(const WalletClosed&) {}
};

/// Hears of it, and remembers what it has heard.
struct listener {
    static constexpr auto name = "listener";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<listener>;
    static inline std::string seen;
    std::string heard;

    static std::string instance_id(const MoneyTaken&) { return "only"; }
    void evolve(const MoneyTaken&) {}
    void evolve(const stele::rejected<PutMoney>& no) { heard += no.reason.code + " " + no.reason.message + "\n"; }
    reaction react(const MoneyTaken& event) const {
        seen = heard;
        PutMoney put;
        put.set_wallet(event.transfer());
        put.set_amount(event.amount());
        return reaction{}.send(put);
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

}  // namespace

STORE_TEST_CASE(store, "a rejection whose text is longer than an event is kept with as much of it as has room") {
    stele::command_bus<clumsy> bus{*store};
    for (int i = 0; i < 2; ++i) {
        take(*store, "x", 17);
        process_runner runner{*store};
        runner.add<listener>(bus);
        runner.catch_up();
        CHECK(runner.status().at(0).message().size() < 1000);
        CHECK(runner.status().at(0).dead_letters == 0);
    }
    CHECK(listener::seen.size() > 1000);
    CHECK(listener::seen.size() < (1UL << 20));
}

STORE_TEST_CASE(store, "a rejection whose text is not UTF-8 is repaired, the same before and after a restart") {
    stele::command_bus<clumsy> bus{*store};
    const std::string once = "cl\uFFFD the name \"Zo\uFFFD\"\n";
    for (int i = 1; i <= 3; ++i) {
        take(*store, "x", i);
        process_runner runner{*store, {.cached_instances = i == 2 ? 0U : 10U}};
        runner.add<listener>(bus);
        runner.catch_up();
        CHECK(runner.status().at(0).last_error.empty());
    }
    CHECK(listener::seen == once + once);
}

STORE_TEST_CASE(store, "a dead letter whose event was removed is dropped by a replay") {
    parking::is_fixed = false;
    send(*store, open_wallet("w"));
    take(*store, "b", 2, "react throws");
    run<parking>(*store, false);
    REQUIRE(store->delete_stream(stele::stream_id{"note-1"}, stele::expected_version::any()));
    CHECK(replay(*store).gone == 1);
    take(*store, "b", 3, {}, "note-2");
    run<parking>(*store, false);
    CHECK(put_by(*store, "b") == amounts{3});
}

STORE_TEST_CASE(store, "a dead letter whose event was removed holds up neither events nor deadlines of its instance") {
    for (const bool is_truncated : {false, true}) {
        for (const bool is_first_of_two : {false, true}) {
            CAPTURE(is_truncated);
            CAPTURE(is_first_of_two);
            const auto instance = fmt::format("i{}{}", is_truncated, is_first_of_two);
            const auto stream = "note-" + instance;
            parking::is_fixed = false;
            static_cast<void>(transfer_bus{*store}.send(open_wallet("w")));
            take(*store, instance, 9, due_deadline, "note-first" + instance);
            take(*store, instance, 2, "react throws", stream);
            if (is_first_of_two) take(*store, instance, 3, "react throws", "note-other" + instance);
            run<parking>(*store, false);
            CHECK(put_by(*store, instance).empty());
            parking::is_fixed = true;
            const stele::stream_id source{stream};
            if (is_truncated) {
                take(*store, "unrelated", 1, {}, stream);
                REQUIRE(store->truncate_stream(source, {2}));
            } else {
                REQUIRE(store->delete_stream(source));
            }
            take(*store, instance, 4, {}, "note-next" + instance);
            run<parking>(*store, false);
            // The second letter can still be handled, so the event and the deadline wait behind it.
            CHECK(put_by(*store, instance) == (is_first_of_two ? amounts{} : amounts{4, 9}));
            const auto replayed = replay(*store);
            CHECK(replayed.gone == 1);
            CHECK(replayed.applied == (is_first_of_two ? 2 : 0));
            run<parking>(*store, false);
            CHECK(put_by(*store, instance) == (is_first_of_two ? amounts{3, 4, 9} : amounts{4, 9}));
        }
    }
}

STORE_TEST_CASE(store, "a deadline whose command cannot be sent is a dead letter, and its instance waits behind it") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30, -1h));
    send(*store, request_transfer("2", "a", "b", 20, -1h));
    spy_bus bus{*store};
    bool is_broken = true;
    bus.before_send = [&](const google::protobuf::Message& command) {
        const auto* const taking = dynamic_cast<const TakeMoney*>(&command);
        if (is_broken && taking != nullptr && taking->transfer() == "1") throw std::runtime_error("out of order");
    };
    process_runner runner{*store};
    runner.add<patient_transfers>(bus);
    runner.catch_up();
    CHECK(story(*store, "transfer-1") == "TransferRequested");
    CHECK(story(*store, "transfer-2") == "TransferRequested TransferCompleted");
    const auto letters = runner.dead_letters<patient_transfers>();
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].key == "1");
    CHECK(letters[0].type == "stele.v1.ProcessDeadlineSet");
    CHECK(letters[0].error.contains("out of order"));
    CHECK_FALSE(runner.status().at(0).next_deadline);
    CHECK(runner.replay_dead_letters<patient_transfers>().left == 1);
    is_broken = false;
    CHECK(runner.replay_dead_letters<patient_transfers>().applied == 1);
    runner.catch_up();
    CHECK(story(*store, "transfer-1") == "TransferRequested TransferCompleted");
    CHECK(balance(*store, "b") == 50);
}

STORE_TEST_CASE(store, "wherever a process with dead letters is interrupted, nothing is lost and nothing done twice") {
    parking::is_fixed = false;
    given(*store, "no target");
    for (const bool is_fixed : {false, true}) {
        parking::is_fixed = is_fixed;
        for (const bool is_done : {false, true}) {
            for (int nth = 1; nth <= 12; ++nth) {
                spy_store spy{*store};
                auto& hook = is_done ? spy.after_append : spy.before_append;
                transfer_bus bus{spy};
                process_runner runner{spy};
                int left = nth;
                hook = [&] {
                    if (--left == 0) throw stele::error(stele::error_kind::io, "cut off");
                };
                try {
                    runner.add<parking>(bus);
                    runner.catch_up();
                    runner.replay_dead_letters<parking>();
                } catch (const stele::error& e) {
                    CHECK(e.kind() == stele::error_kind::io);
                }
                const auto b = put_by(*store, "b");
                CHECK((b.empty() || b == amounts{2} || b == amounts{2, 3}));
            }
        }
        CHECK(letters_of(*store).size() == (is_fixed ? 0 : 2));
    }
    CHECK(put_by(*store, "a") == amounts{1, 4});
    CHECK(put_by(*store, "b") == amounts{2, 3});
}

STORE_TEST_CASE(store, "random faults, restarts and replays keep the order of every instance") {
    send(*store, open_wallet("w"));
    int round = 0;
    std::int64_t next = 0;
    const bool is_kept = rc::check("as a simple model", [&] {
        const auto suffix = std::to_string(++round);
        std::map<std::string, amounts> taken;
        // Short ones: each of these calls is a process that starts.
        for (const auto action : *rc::gen::resize(12, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12)))) {
            parking::is_fixed = action == 11;
            const auto instance = std::to_string(action % 3) + "_" + suffix;
            if (action < 9) {
                ++next;
                take(*store, instance, next, action < 3 ? faults_of_instance[static_cast<std::size_t>(next) % 5] : "");
                taken[instance].push_back(next);
            } else if (action == 9) {
                store.reopen();
            } else if (action == 10) {
                run<parking>(*store, false);
            } else {
                replay(*store);
            }
            for (const auto& [name, all] : taken) {
                const auto put = put_by(*store, name);
                RC_ASSERT(put.size() <= all.size());
                RC_ASSERT(std::equal(put.begin(), put.end(), all.begin()));
            }
        }
        parking::is_fixed = false;
        run<parking>(*store, false);
        parking::is_fixed = true;
        RC_ASSERT(replay(*store).left == 0U);
        for (const auto& [name, all] : taken) RC_ASSERT(put_by(*store, name) == all);
    });
    CHECK(is_kept);
}
