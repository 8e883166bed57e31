// States as of a business time beside snapshots: they use none, make none, and nothing is decided on them.

#include "contract/snapshots/tallies.hpp"
#include "support/errors.hpp"

#include <chrono>

using namespace testing;
using namespace std::chrono_literals;

namespace {

const stele::timestamp day = std::chrono::sys_days{std::chrono::year{1993} / 3 / 1};

/// Twelve events; the first was recorded on its day, each next is of a day before. A snapshot is at the tenth or later.
void fill_backwards(stele::event_store& store) {
    bus_of<> bus{store};
    for (int i = 0; i < 12; ++i)
        REQUIRE(bus.send(increment("1", 1 << i), {.metadata = {.occurred_at = day - i * 24h}}));
    REQUIRE(has_snapshot(store));
}

}  // namespace

STORE_TEST_CASE(store, "a state as of a business time is that of its events, whatever a snapshot holds") {
    fill_backwards(*store);
    const auto snapshot = store->find_document("snapshot", "tally-1");
    const stele::repository<tally<>> tallies{*store};
    for (int i = 0; i < 12; ++i) {
        const auto then = tallies.load("1", {.occurred_up_to = day - i * 24h});
        CHECK(then.state.value == (1 << 12) - (1 << i));  // that day and the days before were recorded later
        CHECK(then.snapshot == stele::version{});
    }
    CHECK(tallies.load("1", {.occurred_up_to = day - 12 * 24h}).state.value == 0);
    CHECK(tallies.load("1").state.value == (1 << 12) - 1);
    const auto after = store->find_document("snapshot", "tally-1");
    CHECK((snapshot && after && snapshot->value == after->value));
}

STORE_TEST_CASE(store, "a state as of a business time is neither saved nor made a snapshot") {
    fill_backwards(*store);
    const stele::repository<tally<>> tallies{*store};
    // It has the last event, but not the first: its version alone would not tell.
    auto then = tallies.load("1", {.occurred_up_to = day - 1us});
    REQUIRE(then.version == store->stream_version(one));
    const auto decided = then.state.decide(increment("1", 1));
    const auto says_so = [](const caught& failure) {
        CHECK(failure.kind == stele::error_kind::invalid_argument);
        CHECK(failure.says("tally-1 was loaded as of a business time (occurred_up_to 1993-02-28 23:59:59.999999)"));
    };
    says_so(error_of([&] { static_cast<void>(tallies.save("1", then, decided)); }));
    says_so(error_of([&] { tallies.take_snapshot("1", then); }));
    auto loaded_alone = stele::load<tally<>>(*store, one, {.occurred_up_to = day - 1us});
    says_so(error_of([&] { static_cast<void>(tallies.save("1", loaded_alone, decided)); }));
    CHECK(store->stream_version(one) == then.version);

    stele::refresh(*store, one, then);
    CHECK(then.state.value == (1 << 12) - 1);
    CHECK(tallies.save("1", then, then.state.decide(increment("1", 1))).has_value());
}
