// What is removed under a process manager: its journals, and the events that it has handled.

#include "support/mover.hpp"
#include "support/stores.hpp"

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// Adds up what is taken, and puts the sum into the wallet w, or into v if it is not the first; the event of 100 sets a
/// deadline.
struct summing {
    static constexpr auto name = "summing";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<summing>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    std::int64_t sum = 0;
    int count = 0;
    void evolve(const MoneyTaken& event) {
        sum += event.amount();
        ++count;
    }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken& event) const {
        reaction all;
        all.send(put(event.transfer(), sum, count == 1 ? "w" : "v"));
        if (event.amount() == 100) all.after(10h, "late", put(event.transfer(), 1000, "w"));
        return all;
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }

    static PutMoney put(const std::string& transfer, std::int64_t amount, const std::string& wallet) {
        PutMoney command;
        command.set_wallet(wallet);
        command.set_transfer(transfer);
        command.set_amount(amount);
        return command;
    }
};

/// What an instance has put into both wallets, in order.
amounts sums_of(stele::event_store& store, const std::string& instance) {
    amounts all;
    for (const auto& event : store.read_all().events()) {
        MoneyPut put;
        if (event.type == "testing.MoneyPut" && put.ParseFromString(std::string{event.payload}) &&
            put.transfer() == instance)
            all.push_back(put.amount());
    }
    return all;
}

struct removal_case {
    std::string what;
    amounts after_event;     // what an event of 1 leads to
    amounts after_deadline;  // what the deadline leads to
};
const std::vector<removal_case> removal_cases = {
    {"nothing", {111}, {1000}},        {"journal deleted", {1}, {}},       {"journal truncated", {1}, {}},
    {"journal tombstoned", {}, {}},    {"source truncated", {11}, {1000}}, {"source deleted", {1}, {1000}},
    {"another stream", {111}, {1000}},
};

void remove(stele::event_store& store, const std::string& what, const std::string& instance) {
    const stele::stream_id journal{"summing", instance};
    const stele::stream_id source{"note", instance};
    if (what == "journal deleted") REQUIRE(store.delete_stream(journal));
    if (what == "journal truncated") REQUIRE(store.truncate_stream(journal, store.stream_version(journal).next()));
    if (what == "journal tombstoned") REQUIRE(store.tombstone_stream(journal));
    if (what == "source truncated") REQUIRE(store.truncate_stream(source, {2}));
    if (what == "source deleted") REQUIRE(store.delete_stream(source));
    if (what == "another stream") {
        take(store, "other", 1, {}, "note-other" + instance);
        REQUIRE(store.delete_stream(stele::stream_id{"note-other" + instance}));
    }
}

}  // namespace

STORE_TEST_CASE(store, "whatever is removed, a cached instance acts as one that is loaded") {
    stele::manual_clock clock{stele::timestamp{1000h}};
    store.follow(clock);
    send(*store, open_wallet("w"));
    send(*store, open_wallet("v"));
    int number = 0;
    for (const auto& [what, after_event, after_deadline] : removal_cases) {
        for (const bool is_event : {true, false}) {
            for (const std::size_t cached : {0U, 1U, 1000U}) {
                CAPTURE(what);
                CAPTURE(is_event);
                CAPTURE(cached);
                const auto instance = std::to_string(++number);
                transfer_bus bus{*store};
                process_runner runner{*store, {.now = clock.reader(), .cached_instances = cached}};
                runner.add<summing>(bus);
                take(*store, instance, 100, {}, "note-" + instance);
                take(*store, instance, 10, {}, "note-" + instance);
                runner.catch_up();
                remove(*store, what, instance);
                if (is_event)
                    take(*store, instance, 1, {}, "note-next" + instance);
                else
                    clock.advance(20h);
                runner.catch_up();
                amounts expected{100, 110};
                const auto& more = is_event ? after_event : after_deadline;
                expected.insert(expected.end(), more.begin(), more.end());
                CHECK(sums_of(*store, instance) == expected);
                CHECK(runner.status().at(0).last_error.empty());
            }
        }
    }
}

STORE_TEST_CASE(store, "a journal that is removed in the middle of a turn: the instance begins anew, or ends") {
    for (const std::string what : {"journal deleted", "journal truncated", "journal tombstoned"}) {
        for (const std::size_t cached : {0U, 1000U}) {
            CAPTURE(what);
            CAPTURE(cached);
            const auto instance = what.substr(8) + std::to_string(cached);
            send(*store, open_wallet("w" + instance));
            for (const auto* const wallet : {"w", "v"})
                static_cast<void>(transfer_bus{*store}.send(open_wallet(wallet)));
            spy_bus bus{*store};
            process_runner runner{*store, {.cached_instances = cached}};
            runner.add<summing>(bus);
            take(*store, instance, 5, {}, "note-" + instance);
            runner.catch_up();
            bool is_removed = false;
            bus.before_send = [&](const google::protobuf::Message&) {
                if (!std::exchange(is_removed, true)) remove(*store, what, instance);
            };
            take(*store, instance, 1, {}, "note-" + instance);
            runner.catch_up();
            // 6 was sent before anybody knew; then the event is the first of a new life.
            CHECK(sums_of(*store, instance) == (what == "journal tombstoned" ? amounts{5, 6} : amounts{5, 6, 1}));
            take(*store, instance, 2, {}, "note-" + instance);
            runner.catch_up();
            CHECK(sums_of(*store, instance) == (what == "journal tombstoned" ? amounts{5, 6} : amounts{5, 6, 1, 3}));
        }
    }
}

STORE_TEST_CASE(store, "a removed journal takes the dead letters of its instance with it") {
    send(*store, open_wallet("w"));
    for (const bool is_tombstoned : {false, true}) {
        CAPTURE(is_tombstoned);
        const std::string instance = is_tombstoned ? "t" : "d";
        parking::is_fixed = false;
        take(*store, instance, 1);
        take(*store, instance, 2, "react throws");
        take(*store, instance, 3);
        run<parking>(*store, false);
        CHECK(letters_of(*store).size() == 2);
        const stele::stream_id journal{"mover", instance};
        REQUIRE((is_tombstoned ? store->tombstone_stream(journal) : store->delete_stream(journal)));
        parking::is_fixed = true;
        take(*store, instance, 4);
        run<parking>(*store, false);
        const auto expected = is_tombstoned ? amounts{1} : amounts{1, 4};
        CHECK(put_by(*store, instance) == expected);
        const auto result = replay(*store);
        CHECK(result.gone == 2);
        CHECK(result.applied == 0);
        CHECK(put_by(*store, instance) == expected);
        CHECK(letters_of(*store).empty());
    }
}

STORE_TEST_CASE(store, "a tombstoned journal ends its instance; the others continue") {
    stopping::is_fixed = false;
    send(*store, open_wallet("w"));
    take(*store, "a", 1);
    take(*store, "b", 2);
    run<stopping>(*store, false);
    REQUIRE(store->tombstone_stream(stele::stream_id{"mover-b"}));
    take(*store, "b", 3, "react throws");
    take(*store, "b", 4);
    take(*store, "a", 5);
    for (const bool in_background : {false, true}) {
        // Required: a process that does not get past it would never end in the background.
        REQUIRE(run<stopping>(*store, in_background).last_error.empty());
        CHECK(put_by(*store, "a") == amounts{1, 5});
        CHECK(put_by(*store, "b") == amounts{2});
    }
}

TEST_CASE("a stream that is named like a journal but for the instance is none: no dead letter goes with it") {
    for (const std::string what : {"truncated", "deleted", "tombstoned"}) {
        CAPTURE(what);
        stele::memory_store store;
        send(store, open_wallet("w"));
        parking::is_fixed = false;
        take(store, what, 2, "instance_id throws");
        take(store, "of " + what, 3, {}, "mover-");
        run<parking>(store, false);
        REQUIRE(letters_of(store).size() == 1);
        const stele::stream_id prefix{"mover-"};
        if (what == "truncated") REQUIRE(store.truncate_stream(prefix, store.stream_version(prefix).next()));
        if (what == "deleted") REQUIRE(store.delete_stream(prefix));
        if (what == "tombstoned") REQUIRE(store.tombstone_stream(prefix));
        CHECK(letters_of(store).size() == 1);
        parking::is_fixed = true;
        CHECK(replay(store).applied == 1);
        CHECK(letters_of(store).empty());
    }
}
