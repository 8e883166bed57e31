#include "support/transfers.hpp"

#include <stele/processes/process_limits.hpp>
#include <stele/testing/given_process.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;
using stele::given_process;
using stele::recorded;
using stele::rejected;

namespace {

const stele::timestamp noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h};

TransferRequested requested(std::chrono::seconds delay = {}) {
    return with_fields_of<TransferRequested>(request_transfer("1", "a", "b", 30, delay));
}
MoneyTaken taken(const std::string& transfer = "1") {
    MoneyTaken event;
    event.set_transfer(transfer);
    event.set_amount(30);
    return event;
}
TakeMoney take() {
    TakeMoney command;
    command.set_wallet("a");
    command.set_transfer("1");
    command.set_amount(30);
    return command;
}
PutMoney put(const std::string& wallet) {
    PutMoney command;
    command.set_wallet(wallet);
    command.set_transfer("1");
    command.set_amount(30);
    return command;
}
TransferCancelled cancelled() {
    return with_fields_of<TransferCancelled>(cancel_transfer("1"));
}

/// The text of the failure, without the path of this file.
std::string failure(const std::function<void()>& expectation) {
    try {
        expectation();
    } catch (const stele::scenario_failed& e) {
        const std::string text = e.what();
        const auto path = text.find("given_process_test.cpp:");
        return path == std::string::npos ? text : text.substr(text.find(": ", path) + 2);
    }
    return "nothing failed";
}

/// Reacts differently each time.
struct unsteady {
    static constexpr auto name = "unsteady";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    static inline int asked = 0;

    void evolve(const auto&) {}
    stele::reaction<unsteady> react(const auto&) const {
        return stele::reaction<unsteady>{}.send(put(std::to_string(++asked)));
    }
};

/// Sets a deadline and cancels it, or the other way round and twice.
struct undecided {
    static constexpr auto name = "undecided";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    void evolve(const auto&) {}
    stele::reaction<undecided> react(const MoneyTaken& event) const {
        stele::reaction<undecided> reaction;
        if (event.transfer() == "cancel") return std::move(reaction.after(1h, "alarm", put("a")).cancel("alarm"));
        return std::move(reaction.cancel("alarm").after(1h, "alarm", put("a")).after(2h, "alarm", put("a")));
    }
    stele::reaction<undecided> react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// Asks for what the runner refuses, and repeats why its command was rejected.
struct excessive {
    static constexpr auto name = "excessive";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<excessive>;
    static std::string instance_id(const MoneyTaken&) { return "only"; }

    void evolve(const auto&) {}
    reaction react(const MoneyTaken& event) const {
        reaction all;
        const auto count = stele::max_commands_per_turn + (event.transfer() == "one more" ? 1 : 0);
        for (std::uint64_t i = 0; i < count; ++i) all.send(put("a"));
        if (event.transfer() == "bytes") all.after(1h, "Zo\xEB", put("a"));
        if (event.transfer() == "long") all.after(1h, std::string(stele::max_deadline_name_bytes + 1, 'n'), put("a"));
        return all;
    }
    reaction react(const stele::rejected<PutMoney>& no) const { return reaction{}.send(put(no.reason.message)); }
};

/// Has a function for MoneyTaken and a generic one for the rest; one of the two takes the recorded event.
template <bool GenericTakesAt>
struct specific;

template <>
struct specific<true> {
    static constexpr auto name = "specific";
    static constexpr auto events = hana::tuple_t<MoneyTaken, TransferCancelled>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<specific>;
    std::string evolved;

    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }
    static std::string instance_id(const auto&, const stele::recorded_event&) { return "generic"; }
    void evolve(const MoneyTaken& event) { evolved = "specific " + event.transfer(); }
    void evolve(const auto&, const stele::recorded_event&) { evolved = "generic"; }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken&) const { return reaction{}.send(put(evolved)); }
    reaction react(const auto&, const stele::recorded_event&) const { return reaction{}.send(put("generic")); }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

template <>
struct specific<false> {
    static constexpr auto name = "specific";
    static constexpr auto events = hana::tuple_t<MoneyTaken, TransferCancelled>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<specific>;
    std::string evolved;

    static std::string instance_id(const MoneyTaken& event, const stele::recorded_event&) { return event.transfer(); }
    static std::string instance_id(const auto&) { return "generic"; }
    void evolve(const MoneyTaken& event, const stele::recorded_event&) { evolved = "specific " + event.transfer(); }
    void evolve(const auto&) { evolved = "generic"; }
    reaction react(const MoneyTaken&, const stele::recorded_event&) const { return reaction{}.send(put(evolved)); }
    reaction react(const auto&) const { return reaction{}.send(put("generic")); }
};

/// Begins with one event, sets deadlines, and ends; events of two transfers belong to both.
struct settling {
    static constexpr auto name = "settling";
    static constexpr auto events = hana::tuple_t<TransferRequested, MoneyTaken, MoneyPut>;
    static constexpr auto starts = hana::tuple_t<TransferRequested>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<settling>;
    static std::vector<std::string> instance_id(const TransferRequested& event) { return {event.from(), event.to()}; }
    static std::string instance_id(const auto& event) { return event.transfer(); }

    int count = 0;
    void evolve(const auto&) { ++count; }
    reaction react(const TransferRequested&) const {
        return reaction{}.after(2h, "late", put("late")).after(1h, "soon", put("soon")).after(3h, "never", put("x"));
    }
    reaction react(const MoneyTaken&) const { return reaction{}.cancel("never").send(put(std::to_string(count))); }
    reaction react(const MoneyPut&) const { return reaction{}.after(1h, "void", put("void")).end(); }
    reaction react(const stele::rejected<PutMoney>&) const { return reaction{}.after(1h, "again", put("again")); }
};

MoneyPut was_put(const std::string& transfer) {
    MoneyPut event;
    event.set_transfer(transfer);
    return event;
}

}  // namespace

TEST_CASE("time that passes fires the deadlines that are due, in order") {
    using stele::time_advances_to;
    using stele::time_elapses;
    const auto begun = recorded(requested(), {.at = noon});
    given_process<settling>(begun).when(time_elapses{1h - 1us}).then_nothing();
    given_process<settling>(begun).when(time_elapses{2h}).then_commands(put("soon"), put("late")).delivered_twice();
    given_process<settling>(begun).when(time_advances_to{noon + 1h}).then_commands(put("soon"));
    given_process<settling>(begun, time_elapses{1h}).when(time_elapses{1h}).then_commands(put("late"));
    given_process<settling>(begun, time_advances_to{noon - 5h}).when(time_elapses{1h}).then_commands(put("soon"));
    given_process<settling>(begun, taken("a")).when(time_elapses{100h}).then_commands(put("soon"), put("late"));
    given_process<settling>(begun, time_elapses{1h})
        .when(rejected<PutMoney>{put("soon"), {"closed", ""}})
        .then_deadline("again", noon + 2h, put("again"));
    given_process<settling>(begun, was_put("a")).when(time_elapses{100h}).then_nothing();
    given_process<settling>()
        .when(recorded(requested(), {.at = noon, .metadata = {.occurred_at = noon - 1h}}))
        .then_deadline("late", noon + 1h);
    CHECK(failure([&] {
              given_process<settling>(begun).when(time_elapses{90min}).then_nothing();
          }).starts_with("5400000000"));
}

TEST_CASE("a scenario begins and ends as an instance does") {
    given_process<settling>().when(taken("a")).then_nothing();
    given_process<settling>(requested()).when(taken("a")).then_commands(put("2"));
    given_process<settling>(taken("b"), requested()).when(taken("b")).then_commands(put("2"));
    given_process<settling>(requested()).when(was_put("b")).then_ended();
    given_process<settling>(requested(), was_put("b")).when(taken("b")).then_nothing();
    given_process<settling>(requested(), was_put("b"), requested()).when(taken("b")).then_commands(put("2"));
    CHECK(failure([] { given_process<settling>(requested()).when(taken("b")).then_ended(); }).contains("ended"));
    CHECK(failure([] { given_process<settling>(requested()).when(was_put("b")).then_nothing(); }).contains("ended"));
    CHECK(failure([] { given_process<settling>(requested()).when(was_put("b")).then_deadline("void", noon); }) !=
          "nothing failed");
    CHECK(failure([] { (void)given_process<settling>(requested(), taken("a")).when(taken("b")); }) ==
          "testing.MoneyTaken {transfer: \"b\" amount: 30} belongs to the instance b, but those before it to a");
}

TEST_CASE("expectations that are met") {
    given_process<transfer_process>().when(requested()).then_commands(take()).delivered_twice();
    given_process<transfer_process>(requested()).when(taken()).then_commands(put("b")).delivered_twice();
    given_process<transfer_process>(requested(), taken())
        .when(rejected<PutMoney>{put("b"), stele::reject("closed", "b is closed")})
        .then_commands(put("a"))
        .delivered_twice();
    given_process<transfer_process>(requested(), taken(), rejected<PutMoney>{put("b"), {"closed", ""}})
        .when(rejected<PutMoney>{put("a"), {"closed", ""}})
        .then_commands(put(lost_and_found));
    given_process<transfer_process>()
        .when(recorded(requested(1h), {.at = noon}))
        .then_commands()
        .then_deadline("start", noon + 1h)
        .then_deadline("start", noon + 1h, take());
    given_process<transfer_process>(requested(1h)).when(cancelled()).then_cancelled("start");
    given_process<transfer_process>(requested()).when(rejected<CompleteTransfer>{{}, {"ended", ""}}).then_nothing();
}

TEST_CASE("commands that differ are shown side by side") {
    CHECK(failure([] { given_process<transfer_process>(requested()).when(taken()).then_commands(put("c")); }) ==
          "testing.MoneyTaken {transfer: \"1\" amount: 30}\n"
          "  expected             actual\n"
          "  testing.PutMoney     testing.PutMoney\n"
          "    wallet: \"c\"     |    wallet: \"b\"\n"
          "    transfer: \"1\"        transfer: \"1\"\n"
          "    amount: 30           amount: 30\n");
    CHECK(failure([] { given_process<transfer_process>(requested()).when(taken()).then_commands(); }) !=
          "nothing failed");
    CHECK(failure([] { given_process<transfer_process>(requested()).when(taken()).then_nothing(); }) !=
          "nothing failed");
    CHECK(failure([] {
              given_process<transfer_process>(requested()).when(taken()).then_commands(put("b"), put("b"));
          }) != "nothing failed");
}

TEST_CASE("deadlines that differ are shown side by side") {
    CHECK(failure([] {
              given_process<transfer_process>()
                  .when(recorded(requested(1h), {.at = noon}))
                  .then_deadline("start", noon + 2h);
          }) ==
          "testing.TransferRequested {transfer: \"1\" from: \"a\" to: \"b\" amount: 30 delay_s: 3600}\n"
          "  expected                                    actual\n"
          "  deadline \"start\" at 2026-01-31 14:00:00  |  deadline \"start\" at 2026-01-31 13:00:00\n");
    CHECK(failure([] { given_process<transfer_process>().when(cancelled()).then_cancelled("end"); }) ==
          "testing.TransferCancelled {transfer: \"1\"}\n"
          "  expected            actual\n"
          "  cancelled \"end\"  |  cancelled \"start\"\n"
          "                   |  testing.FailTransfer\n"
          "                   |    reason: \"cancelled\"\n");
}

TEST_CASE("events of two instances do not belong in one scenario") {
    CHECK(failure([] { (void)given_process<transfer_process>(requested()).when(taken("2")); }) ==
          "testing.MoneyTaken {transfer: \"2\" amount: 30} belongs to the instance 2, but those before it to 1");
    given_process<transfer_process>(requested()).when(taken("")).then_nothing();
}

TEST_CASE("a deadline that is set and cancelled in one reaction counts as the last of these") {
    given_process<undecided>().when(taken("cancel")).then_cancelled("alarm");
    CHECK(failure([] {
              given_process<undecided>().when(taken("cancel")).then_deadline("alarm", stele::timestamp{1h});
          }) != "nothing failed");
    given_process<undecided>().when(recorded(taken("set"), {.at = noon})).then_deadline("alarm", noon + 2h);
    CHECK(failure([] { given_process<undecided>().when(taken("set")).then_cancelled("alarm"); }).find("deadline") !=
          std::string::npos);
}

TEST_CASE("a function for one event is called before a generic one, whichever of them takes the recorded event") {
    given_process<specific<true>>().when(recorded(taken("1"), {.stream = "wallet-1"})).then_commands(put("specific 1"));
    given_process<specific<false>>()
        .when(recorded(taken("1"), {.stream = "wallet-1"}))
        .then_commands(put("specific 1"));
}

TEST_CASE("an instance that makes no name of a journal fails the test") {
    CHECK_THROWS_AS((void)given_process<undecided>().when(taken("a\nb")), stele::error);
}

TEST_CASE("what the runner refuses or repairs, the test refuses or repairs") {
    CHECK_NOTHROW((void)given_process<excessive>().when(taken("as many")));
    CHECK_THROWS_AS((void)given_process<excessive>().when(taken("one more")), stele::error);
    CHECK_THROWS_AS((void)given_process<excessive>().when(taken("bytes")), stele::error);
    CHECK_THROWS_AS((void)given_process<excessive>().when(taken("long")), stele::error);
    given_process<excessive>()
        .when(rejected{put("a"), stele::rejection{"no", "Zo\xEB"}})
        .then_commands(put("Zo\uFFFD"));
}

TEST_CASE("a process that reacts differently when an event is delivered twice") {
    CHECK(failure([] { given_process<unsteady>().when(taken()).delivered_twice(); }).find("handled again") !=
          std::string::npos);
}
