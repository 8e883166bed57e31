// Times in any unit: what the helper makes of them, and that every place of the interface that takes one uses it.

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/commands/receipt.hpp>
#include <stele/testing/given_process.hpp>
#include <stele/testing/recorded.hpp>

#include <algorithm>
#include <initializer_list>
#include <limits>

using namespace std::chrono;
using namespace testing;
using stele::timestamp;
using stele::detail::saturated;

namespace {

template <class Duration>
using at = sys_time<Duration>;
using seconds_in_double = duration<double>;
using sixtieths = duration<std::int64_t, std::ratio<1, 60>>;
constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

// The same time, or the last one before it.
template <class Duration>
constexpr bool is_kept(at<Duration> given) {
    using wide = duration<long double, std::micro>;
    const auto exact = wide{given.time_since_epoch()};
    const timestamp got = saturated<timestamp>{given};
    if (exact >= wide{microseconds::max()}) return got == timestamp::max();
    if (exact <= wide{microseconds::min()}) return got == timestamp::min();
    const auto earlier = (exact - wide{got.time_since_epoch()}).count();
    return earlier > -1e-6L && earlier < 1;
}

template <class Duration>
constexpr bool are_kept() {
    using rep = typename Duration::rep;
    constexpr auto most = Duration::max().count();
    constexpr auto least = Duration::min().count();
    return std::ranges::all_of(
        std::initializer_list<rep>{most, least, most / 2, least / 2, most / 60, least / 60, most - 1, least + 1, 0, 1,
                                   static_cast<rep>(-1), 999, 1001, static_cast<rep>(-1001)},
        [](rep count) { return is_kept(at<Duration>{Duration{count}}); });
}

static_assert(are_kept<nanoseconds>() && are_kept<microseconds>() && are_kept<milliseconds>() && are_kept<seconds>());
static_assert(are_kept<hours>() && are_kept<days>() && are_kept<years>() && are_kept<sixtieths>());
static_assert(are_kept<duration<std::uint64_t, std::nano>>() && are_kept<duration<float, std::milli>>());
static_assert(are_kept<seconds_in_double>());

// It is a time point for who reads it.
constexpr saturated<timestamp> day_two = sys_days{1970y / 1 / 2};
static_assert(std::convertible_to<saturated<timestamp>, sys_time<nanoseconds>>);
static_assert(day_two - timestamp{} == 24h && timestamp{} < day_two && saturated<timestamp>{} == timestamp{});
static_assert(day_two.time_since_epoch().count() == 86'400'000'000);

/// Calls `use` with times in many units, and what each is as a timestamp.
void for_times(const auto& use) {
    use(sys_days::max(), timestamp::max());
    use(sys_days::min(), timestamp::min());
    use(at<hours>::max(), timestamp::max());
    use(at<years>::min(), timestamp::min());
    use(at<seconds_in_double>{seconds_in_double{infinite}}, timestamp::max());
    use(at<seconds_in_double>{seconds_in_double{-infinite}}, timestamp::min());
    use(at<seconds_in_double>{seconds_in_double{not_a_number}}, timestamp::min());
    use(at<seconds_in_double>{seconds_in_double{0.07}}, timestamp{70ms});
    use(at<seconds_in_double>{seconds_in_double{-0.07}}, timestamp{-70ms});
    use(at<nanoseconds>{1999ns}, timestamp{1us});
    use(at<nanoseconds>{-1ns}, timestamp{-1us});
    use(at<nanoseconds>::max(), timestamp{9'223'372'036'854'775us});
    use(at<sixtieths>{sixtieths{-90}}, timestamp{-1500ms});
    use(sys_days{2026y / 1 / 31}, timestamp{1'769'817'600s});
}

/// `given` passes on a time, and returns what has arrived.
void check_place(const char* name, const auto& given) {
    CAPTURE(name);
    for_times([&](auto time, timestamp expected) {
        const timestamp arrived = given(time);
        CHECK(arrived.time_since_epoch().count() == expected.time_since_epoch().count());
    });
}

timestamp due;

/// Sets a deadline at `due`.
struct late {
    static constexpr auto name = "late";
    static constexpr auto events = hana::tuple_t<TransferRequested>;
    static constexpr auto commands = hana::tuple_t<FailTransfer>;
    using reaction = stele::reaction<late>;
    static std::string instance_id(const TransferRequested& event) { return event.transfer(); }

    void evolve(const TransferRequested&) {}
    void evolve(const stele::rejected<FailTransfer>&) {}
    reaction react(const TransferRequested&) const { return reaction{}.at(due, "late", FailTransfer{}); }
    reaction react(const stele::rejected<FailTransfer>&) const { return {}; }
};

}  // namespace

TEST_CASE("every function and option that is given a time takes any unit") {
    check_place("metadata::occurred_at", [](auto t) -> stele::timestamp {
        const stele::metadata about{.occurred_at = t};
        return about.occurred_at.value();
    });
    check_place("stream_read_options::occurred_up_to",
                [](auto t) { return stele::stream_read_options{.occurred_up_to = t}.occurred_up_to; });
    check_place("all_read_options::occurred_up_to",
                [](auto t) { return stele::all_read_options{.occurred_up_to = t}.occurred_up_to; });
    check_place("load_window::occurred_up_to",
                [](auto t) { return stele::load_window{.occurred_up_to = t}.occurred_up_to; });
    check_place("manual_clock", [](auto t) { return stele::manual_clock{t}.now(); });
    check_place("manual_clock::set", [](auto t) {
        stele::manual_clock clock;
        clock.set(t);
        return clock.now();
    });
    check_place("reaction::at", [](auto t) {
        transfer_process::reaction named;
        named.at(t, "late", PutMoney{});
        const auto temporary = transfer_process::reaction{}.at(t, "late", PutMoney{});
        CHECK(temporary.actions().at(0).due == named.actions().at(0).due);
        return named.actions().at(0).due;
    });
    check_place("recorded_as", [](auto t) { return stele::recorded_as{.at = t}.at; });
    check_place("as_recorded", [](auto t) {
        const auto event = make_event();
        return stele::as_recorded(event, "s", {}, t).recorded_at;
    });
    check_place("the clock of a memory store", [](auto t) {
        stele::memory_store store{{}, [t] { return t; }};
        append(store, 1, incremented(1));
        for (const auto& event : store.read_all().events()) return event.recorded_at;
        return timestamp{};
    });
    check_place("the clock of an SQLite store",
                [](auto t) { return timestamp{stele::sqlite_options{.now = [t] { return t; }}.now()}; });
    check_place("the clock of processes",
                [](auto t) { return timestamp{stele::process_runner_options{.now = [t] { return t; }}.now()}; });
    check_place("the wall clock", [](auto t) {
        return stele::bounded_clock({.wall = [t] { return t; }, .elapsed = [] { return 0us; }})();
    });
}

TEST_CASE("a deadline of a scenario is expected at a time in any unit") {
    TransferRequested event;
    event.set_transfer("1");
    for_times([&](auto time, timestamp exact) {
        due = exact;
        const auto result = stele::given_process<late>().when(event);
        CHECK_NOTHROW(result.then_deadline("late", time));
        CHECK_NOTHROW(result.then_deadline("late", time, FailTransfer{}));
        due = exact == timestamp{} ? timestamp{1us} : timestamp{};
        const auto other = stele::given_process<late>().when(event);
        CHECK_THROWS_AS(other.then_deadline("late", time), stele::scenario_failed);
    });
}

STORE_TEST_CASE(store, "position_at finds the last event at or before a time in any unit") {
    const auto before = stele::system_time();
    append(*store, 1, incremented(1));
    append(*store, 1, incremented(1));
    for_times([&](auto time, timestamp exact) {
        CHECK(store->position_at(time) == store->position_at(exact));
        CHECK(store->position_at(time).value == (exact < before ? 0 : 2));
    });
    CHECK(store->position_at(sys_days::max()).value == 2);
    CHECK(store->position_at(sys_days::min()).value == 0);
}

STORE_TEST_CASE(store,
                "forget_receipts forgets all of them before the last time of any unit, and none before the first") {
    transfer_bus bus{*store};
    const auto send = [&] { REQUIRE(bus.send(open_wallet("w"), {.idempotency_key = stele::uuid::v7()})); };
    send();
    CHECK(stele::forget_receipts(*store, sys_days::min()) == 0);
    CHECK(stele::forget_receipts(*store, at<years>::min()) == 0);
    CHECK(stele::forget_receipts(*store, sys_days::max()) == 1);
    CHECK(stele::forget_receipts(*store, at<seconds_in_double>{seconds_in_double{infinite}}) == 0);
}
