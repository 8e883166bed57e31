// Durations in any unit: what the helper makes of them, and that every place of the interface that takes one uses it.

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/eventstore/subscription.hpp>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <thread>

using namespace std::chrono;
using namespace testing;
using stele::detail::saturated;
using stele::detail::saturating_cast;

namespace {

using seconds_in_double = duration<double>;
using sixtieths = duration<std::int64_t, std::ratio<1, 60>>;
constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class To, class From>
constexpr bool is_kept(From value) {
    using wide = duration<long double, typename To::period>;
    const auto exact = wide{value};
    const auto got = saturating_cast<To>(value);
    if (exact >= wide{To::max()}) return got == To::max();
    if (exact <= wide{To::min()}) return got == To::min();
    if (value == From::zero()) return got == To::zero();
    const auto further = value < From::zero() ? exact - wide{got} : wide{got} - exact;
    const bool has_sign = value < From::zero() ? got < To::zero() : got > To::zero();
    return has_sign && further.count() <= 1 && further.count() > -1e-6L;
}

template <class To, class From>
constexpr bool are_kept() {
    using rep = typename From::rep;
    constexpr auto most = From::max().count();
    constexpr auto least = From::min().count();
    return std::ranges::all_of(
        std::initializer_list<rep>{most, least, most / 2, least / 2, most / 60, least / 60, most - 1, least + 1, 0, 1,
                                   static_cast<rep>(-1), 999, 1001, static_cast<rep>(-1001)},
        [](rep count) { return is_kept<To>(From{count}); });
}

template <class To>
constexpr bool takes_all_units() {
    return are_kept<To, nanoseconds>() && are_kept<To, microseconds>() && are_kept<To, milliseconds>() &&
           are_kept<To, seconds>() && are_kept<To, hours>() && are_kept<To, years>() && are_kept<To, sixtieths>() &&
           are_kept<To, duration<std::int16_t, std::centi>>() && are_kept<To, duration<std::uint64_t, std::micro>>() &&
           are_kept<To, duration<float, std::milli>>() && are_kept<To, seconds_in_double>();
}

static_assert(takes_all_units<nanoseconds>());
static_assert(takes_all_units<microseconds>());
static_assert(takes_all_units<milliseconds>());
static_assert(takes_all_units<seconds>());
static_assert(takes_all_units<duration<int, std::milli>>());
static_assert(takes_all_units<sixtieths>());

// It is a duration for who reads it.
constexpr saturated<milliseconds> half_a_second = 0.5s;
static_assert(std::convertible_to<saturated<milliseconds>, nanoseconds>);
static_assert(half_a_second * 2 == 1s && 1ms < half_a_second && half_a_second.count() == 500);
static_assert((half_a_second > 1s ? half_a_second : 1s) == 1s);
static_assert(saturated<milliseconds>{} == 0s);

/// `given` passes on a duration, and returns what has arrived.
template <class To>
void check_place(const char* name, const auto& given) {
    CAPTURE(name);
    const auto becomes = [&](auto value, To expected) {
        const To arrived = given(value);
        CHECK(arrived.count() == expected.count());
    };
    becomes(hours::max(), To::max());
    becomes(hours::min(), To::min());
    becomes(years::max(), To::max());
    becomes(seconds::min(), To::min());
    becomes(seconds_in_double{infinite}, To::max());
    becomes(seconds_in_double{-infinite}, To::min());
    becomes(seconds_in_double{not_a_number}, To::min());
    becomes(0ns, To{0});
    becomes(0.0s, To{0});
    becomes(duration<int, std::pico>{1}, To{1});
    becomes(duration<int, std::pico>{-1}, To{-1});
    becomes(seconds_in_double{1e-12}, To{1});
    becomes(seconds_in_double{-1e-12}, To{-1});
    becomes(seconds_in_double{0.1}, 100ms);
    becomes(seconds_in_double{0.07}, 70ms);
    becomes(duration<int, std::ratio<1, 60>>{-90}, -1500ms);
    becomes(months{1}, 2'629'746s);
}

const stele::stream_id notes{"notes"};

void append_to(stele::event_store& store) {
    CHECK(store.append(notes, stele::expected_version::any(), std::vector{stele::event_data{.type = "Noted"}}));
}

/// `wait` waits for a position, and returns whether it was reached.
void check_wait(stele::event_store& store, const char* name, const auto& wait) {
    CAPTURE(name);
    const auto ends = [&](auto timeout) { CHECK_FALSE(wait(store.head().next(), timeout)); };
    ends(0s);
    ends(-1ns);
    ends(1ns);
    ends(hours::min());
    ends(seconds_in_double{1e-12});
    ends(seconds_in_double{-infinite});
    ends(seconds_in_double{not_a_number});
    const auto lasts = [&](auto timeout) {
        const auto next = store.head().next();
        const std::jthread later{[&] { append_to(store); }};
        CHECK(wait(next, timeout));
    };
    lasts(hours::max());
    lasts(years::max());
    lasts(milliseconds::max());
    lasts(seconds_in_double{infinite});
}

template <class Make>
void check_refused(const char* name, const Make& make) {
    CAPTURE(name);
    const auto is_refused = [&](auto value) {
        CHECK(error_of([&] { make(value); }).kind == stele::error_kind::invalid_argument);
    };
    is_refused(hours::min());
    is_refused(-1ns);
    is_refused(seconds_in_double{-1e-12});
    is_refused(seconds_in_double{not_a_number});
}

}  // namespace

TEST_CASE("every option that is a duration takes any unit") {
    check_place<milliseconds>("busy_timeout",
                              [](auto d) { return stele::connection_options{.busy_timeout = d}.busy_timeout; });
    check_place<milliseconds>("poll_interval",
                              [](auto d) { return stele::sqlite_options{.poll_interval = d}.poll_interval; });
    check_place<microseconds>("most_jump", [](auto d) { return stele::clock_options{.most_jump = d}.most_jump; });
    check_place<microseconds>("elapsed",
                              [](auto d) { return stele::clock_options{.elapsed = [d] { return d; }}.elapsed(); });
    check_place<milliseconds>("first_backoff of projections", [](auto d) {
        return stele::projection_runner_options{.first_backoff = d}.first_backoff;
    });
    check_place<milliseconds>("first_backoff of processes",
                              [](auto d) { return stele::process_runner_options{.first_backoff = d}.first_backoff; });
    check_place<nanoseconds>("first_wait", [](auto d) { return stele::retry_options{.first_wait = d}.first_wait; });
    check_place<nanoseconds>("longest_wait",
                             [](auto d) { return stele::retry_options{.longest_wait = d}.longest_wait; });
    check_place<nanoseconds>("load_time", [](auto d) { return stele::snapshot_policy{.load_time = d}.load_time; });
}

TEST_CASE("every function that is given a duration takes any unit") {
    check_place<nanoseconds>("snapshot_after_load_slower_than",
                             [](auto d) { return stele::snapshot_after_load_slower_than(d).load_time; });
    check_place<microseconds>("reaction::after", [](auto d) {
        return transfer_process::reaction{}.after(d, "late", PutMoney{}).actions().at(0).delay;
    });
    check_place<microseconds>("manual_clock::advance", [](auto d) {
        stele::manual_clock clock;
        clock.advance(d);
        return clock.now().time_since_epoch();
    });
    stele::manual_clock clock{stele::timestamp{1h}};
    clock.advance(hours::max());
    CHECK(clock.now() == stele::timestamp::max());
    clock.advance(-1.5s);
    CHECK(clock.now() == stele::timestamp::max() - 1500ms);
}

STORE_TEST_CASE(store, "every wait takes any unit: the longest is for ever, and 0 and less do not wait") {
    const temp_dir directory;
    check_wait(*store, "wait_for_append", [&](stele::position wanted, auto timeout) {
        return store->wait_for_append({wanted.value - 1}, timeout) >= wanted;
    });
    const auto following = stele::subscribe(*store, {}, [](const auto&) {});
    check_wait(*store, "subscription",
               [&](stele::position wanted, auto timeout) { return following.wait_for(wanted, timeout).has_value(); });
    stele::projection_runner projections{*store, directory.path};
    projections.add<totals>();
    projections.start();
    check_wait(*store, "projection", [&](stele::position wanted, auto timeout) {
        return projections.wait_for<totals>(wanted, timeout).has_value();
    });
    transfer_bus bus{*store};
    process_runner processes{*store};
    processes.add<transfer_process>(bus);
    processes.start();
    check_wait(*store, "process", [&](stele::position wanted, auto timeout) {
        return processes.wait_for<transfer_process>(wanted, timeout).has_value();
    });
}

TEST_CASE("appends of other processes are noticed, whatever the poll interval is") {
    const temp_dir directory;
    auto other = stele::sqlite_store::open(directory / "events.db");
    const auto notices = [&](auto interval) {
        auto store = stele::sqlite_store::open(directory / "events.db", {.poll_interval = interval});
        const auto seen = store.head();
        const std::jthread later{[&] { append_to(other); }};
        CHECK(store.wait_for_append(seen, hours::max()) == seen.next());
    };
    notices(0s);
    notices(1ns);
    notices(hours::min());
    notices(seconds_in_double{not_a_number});
}

TEST_CASE("a duration that must not be negative, or 0, is refused in any unit") {
    const temp_dir directory;
    stele::memory_store store;
    check_refused("projections",
                  [&](auto d) { const stele::projection_runner runner{store, directory.path, {.first_backoff = d}}; });
    check_refused("processes", [&](auto d) { const process_runner runner{store, {.first_backoff = d}}; });
    const auto make_clock = [](auto d) { (void)stele::bounded_clock({.most_jump = d}); };
    check_refused("most_jump", make_clock);
    CHECK_THROWS_AS(make_clock(0s), stele::error);
    make_clock(1ns);
    make_clock(hours::max());
}

TEST_CASE("a clock that has always run, or never, is no fault of arithmetic") {
    const stele::timestamp wall{1000h};
    for (const auto elapsed : {microseconds::max(), microseconds::min()}) {
        for (const auto bound : {microseconds{1}, microseconds::max()}) {
            auto running = microseconds{0};
            const auto now = stele::bounded_clock(
                {.most_jump = bound, .wall = [wall] { return wall; }, .elapsed = [&running] { return running; }});
            CHECK(now() == wall);
            running = elapsed;
            (void)now();
            running = -1us;
            (void)now();
        }
    }
}

TEST_CASE("waits between attempts are from 0 to the bound, whatever that is") {
    const auto waits = [](auto first, auto longest) {
        stele::memory_store store;
        std::vector<nanoseconds> all;
        const stele::conflict met{notes, stele::expected_version::no_stream(), {1}};
        const stele::middleware fails = [&](const auto& command, const auto&) {
            return stele::command_result{std::unexpected(stele::command_error{command.type(), command.stream, met, 1})};
        };
        transfer_bus bus{
            store,
            {.middleware = {stele::retry_on_conflict({.attempts = 70,
                                                      .first_wait = first,
                                                      .longest_wait = longest,
                                                      .sleep = [&](nanoseconds wait) { all.push_back(wait); },
                                                      .random = [] { return 1 - 1e-16; }}),
                            fails}}};
        CHECK_FALSE(bus.send(open_wallet("w")));
        REQUIRE(all.size() == 69);
        CHECK(std::ranges::is_sorted(all));
        return std::pair{all.front(), all.back()};
    };
    using pair = std::pair<nanoseconds, nanoseconds>;
    CHECK(waits(1ns, hours::max()).first == 1ns);
    CHECK(waits(1ns, hours::max()).second > nanoseconds::max() - 10us);
    CHECK(waits(hours::max(), hours::max()).first > nanoseconds::max() - 10us);
    CHECK(waits(seconds_in_double{1e-12}, 3ns) == pair{1ns, 3ns});
    for (const auto nothing : {0h, hours::min()}) {
        CHECK(waits(nothing, 1h) == pair{0ns, 0ns});
        CHECK(waits(1h, nothing) == pair{0ns, 0ns});
        CHECK(waits(nothing, nothing) == pair{0ns, 0ns});
    }
}
