// A clock that is set wrong for a moment does not date events, and one that is set right is followed.

#include "support/stores.hpp"

#include <stele/eventstore/clock.hpp>

#include <rapidcheck.h>

using namespace std::chrono_literals;
using std::chrono::microseconds;
using stele::timestamp;

namespace {

constexpr microseconds bound = 1h;

// A machine: the time that it is, what its clock says, and how long it has run.
struct machine {
    timestamp truth{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    microseconds wrong_by{0};
    microseconds running{5min};
    std::vector<std::string> warnings = {};

    void pass(microseconds time) {
        truth += time;
        running += time;
    }
    std::function<timestamp()> clock() {
        return stele::bounded_clock({.most_jump = bound,
                                     .on_warning = [this](const std::string& text) { warnings.push_back(text); },
                                     .wall = [this] { return truth + wrong_by; },
                                     .elapsed = [this] { return running; }});
    }
};

microseconds apart(timestamp one, timestamp other) {
    return one < other ? other - one : one - other;
}

timestamp append_one(stele::event_store& store) {
    const auto done = store.append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_event());
    REQUIRE(done);
    timestamp at;
    for (const auto& event : store.read_all({.after = {done->position.value - 1}}).events()) at = event.recorded_at;
    return at;
}

}  // namespace

TEST_CASE("whatever the clock does for less than an hour, no event is dated an hour too late, nor before another") {
    REQUIRE(rc::check("jumps", [] {
        machine here;
        stele::memory_store store{{}, here.clock()};
        timestamp last{};
        microseconds wrong_for{0};
        const auto steps = *rc::gen::inRange(1, 60);
        for (int i = 0; i < steps; ++i) {
            const microseconds pause{*rc::gen::inRange<std::int64_t>(0, microseconds{25min}.count())};
            const bool lasts = wrong_for + pause < bound;
            here.pass(pause);
            if (!lasts || *rc::gen::inRange(0, 3) == 0) {
                const auto small = *rc::gen::inRange<std::int64_t>(-bound.count() / 2, bound.count() / 2);
                const auto large = *rc::gen::inRange<std::int64_t>(-800, 800) * microseconds{24h}.count();
                here.wrong_by = microseconds{lasts && *rc::gen::inRange(0, 2) == 0 ? large : small};
            }
            wrong_for = apart(here.truth, here.truth + here.wrong_by) > bound ? wrong_for + pause : 0us;
            const auto recorded = append_one(store);
            RC_ASSERT(recorded >= last);
            RC_ASSERT(recorded <= here.truth + bound);
            RC_ASSERT(recorded >= here.truth - bound);
            last = recorded;
        }
    }));
}

TEST_CASE("a year ahead for a minute: the time goes on, one warning is given, and nothing is left of it") {
    machine here;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.now = here.clock()});
    CHECK(append_one(store) == here.truth);
    for (const auto by : {microseconds{24h * 365}, -microseconds{24h * 365}}) {
        here.warnings.clear();
        here.wrong_by = by;
        for (int i = 0; i < 6; ++i) {
            here.pass(10s);
            CHECK(append_one(store) == here.truth);
        }
        REQUIRE(here.warnings.size() == 1);
        CHECK(here.warnings.front() == "The system clock has jumped by " +
                                           std::to_string(std::chrono::floor<std::chrono::seconds>(by).count()) +
                                           " seconds, which is not followed unless it lasts; check how it is set.");
        here.wrong_by = 0us;
        CHECK(append_one(store) == here.truth);
    }
}

TEST_CASE("a clock that was set right is followed once that has lasted an hour") {
    machine here;
    here.wrong_by = -microseconds{24h * 30};  // a machine without a battery, before it has asked for the time
    const auto now = here.clock();
    CHECK(now() == here.truth + here.wrong_by);
    here.wrong_by = 0us;
    CHECK(now() == here.truth - 24h * 30);
    here.pass(59min);
    CHECK(now() == here.truth - 24h * 30);
    here.pass(1min);
    CHECK(now() == here.truth);
    REQUIRE(here.warnings.size() == 2);
    CHECK(here.warnings.back().contains("has lasted and is followed now"));
    here.wrong_by = 59min;  // from here on, jumps are measured from the new time
    CHECK(now() == here.truth + 59min);
    here.wrong_by = 61min;
    CHECK(now() == here.truth + 59min);
}

TEST_CASE("time that passes while the machine sleeps, or while the store is closed, is no jump") {
    machine here;
    const temp_dir directory;
    {
        auto store = stele::sqlite_store::open(directory / "events.db", {.now = here.clock()});
        CHECK(append_one(store) == here.truth);
        here.pass(24h * 7);
        CHECK(append_one(store) == here.truth);
    }
    here.truth += 24h * 7;
    here.running = 1min;  // it was restarted
    auto store = stele::sqlite_store::open(directory / "events.db", {.now = here.clock()});
    CHECK(append_one(store) == here.truth);
    CHECK(here.warnings.empty());
}

TEST_CASE("times at the ends of what can be told do not overflow") {
    for (const auto extreme : {timestamp::min(), timestamp::max()}) {
        auto wall = timestamp{1us};
        auto running = 1us;
        const auto now = stele::bounded_clock(
            {.most_jump = bound, .wall = [&] { return wall; }, .elapsed = [&] { return running; }});
        wall = extreme;
        CHECK(now() == timestamp{1us});
        running += bound;
        CHECK(now() == extreme);
        wall = timestamp{2us};
        CHECK(apart(now(), extreme) <= running);
    }
}

TEST_CASE("a bounded clock needs clocks and a bound") {
    CHECK_THROWS_AS((void)stele::bounded_clock({.most_jump = 0s}), stele::error);
    CHECK_THROWS_AS((void)stele::bounded_clock({.wall = nullptr}), stele::error);
    CHECK_THROWS_AS((void)stele::bounded_clock({.elapsed = nullptr}), stele::error);
    const auto before = stele::time_since_boot();
    CHECK(stele::time_since_boot() >= before);
    CHECK(apart(stele::bounded_clock()(), stele::system_time()) <= bound);
}
