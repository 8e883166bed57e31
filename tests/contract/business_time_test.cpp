// The business time of events: reads, folds and states as of it, alone and together with the other bounds.

#include "support/counter.hpp"
#include "support/stores.hpp"

#include <stele/aggregates/load.hpp>
#include <stele/projections/memory/fold.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

using namespace testing;
using namespace std::chrono_literals;
using stele::direction;
using stele::position;
using stele::timestamp;
using stele::version;

namespace {

/// An event, as the test remembers it.
struct dated {
    std::string stream;
    stele::version version;
    stele::position position;
    timestamp time;  ///< Given, or that of the recording.
    std::int64_t by;
};

/// What the store holds, read without any bound.
std::vector<dated> all_in(stele::event_store& store) {
    std::vector<dated> all;
    for (const stele::recorded_event& event : store.read_all({.filter = {.categories = {"counter"}}}).events()) {
        const auto given = stele::decode_metadata(event.metadata).occurred_at;
        Incremented message;
        REQUIRE(message.ParseFromString(std::string{event.payload}));
        all.push_back({std::string{event.stream}, event.version, event.position,
                       given ? timestamp{*given} : event.recorded_at, message.by()});
    }
    return all;
}

timestamp any_time() {
    const auto some_hours = *rc::gen::inRange(-100, 100);  // so that equal times are frequent
    return *rc::gen::element(timestamp::min(), timestamp::max(), timestamp{} + some_hours * 1h,
                             timestamp{} + some_hours * 1us, stele::system_time() + some_hours * 1h);
}

const std::vector<std::string> streams{"counter-1", "counter-2", "counter-3"};

/// Appends some events to some stream, each of any time or of none.
void append_any(stele::event_store& store) {
    std::vector<stele::event_data> events;
    for (int left = *rc::gen::inRange(1, 6); left > 0; --left) {
        stele::metadata about{.actor = *rc::gen::element<std::string>("", "ann", ")")};
        if (*rc::gen::inRange(0, 4) != 0) about.occurred_at = any_time();
        events.push_back(stele::encode(incremented(*rc::gen::inRange(1, 1000)), about));
    }
    RC_ASSERT(store.append(stele::stream_id{*rc::gen::elementOf(streams)}, stele::expected_version::any(), events)
                  .has_value());
}

/// The positions of a read.
std::vector<std::uint64_t> positions(stele::event_range range) {
    std::vector<std::uint64_t> result;
    for (const auto& event : std::move(range).events()) result.push_back(event.position.value);
    return result;
}

/// The events that pass, in the order of the read, at most so many of them.
std::vector<dated> filtered(std::vector<dated> all, direction order, std::uint64_t limit, const auto& passes) {
    std::erase_if(all, [&](const dated& event) { return !passes(event); });
    if (order == direction::backward) std::ranges::reverse(all);
    if (all.size() > limit) all.resize(limit);
    return all;
}

std::vector<std::uint64_t> positions(const std::vector<dated>& events) {
    std::vector<std::uint64_t> result;
    for (const auto& event : events) result.push_back(event.position.value);
    return result;
}

std::int64_t sum(const std::vector<dated>& events) {
    return std::accumulate(events.begin(), events.end(), std::int64_t{0},
                           [](std::int64_t total, const dated& event) { return total + event.by; });
}

struct sums {
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) { sum += event.by(); }
};

/// A counter that any event may begin.
std::int64_t value_of(stele::event_store& store, const stele::stream_id& stream, stele::load_window window) {
    return stele::load<counter>(store, stream, window).state.value;
}

}  // namespace

STORE_TEST_CASE(store, "reading and folding as of any time is the same as choosing the events by hand") {
    REQUIRE(rc::check("as of both times", [&] {
        append_any(*store);
        const auto all = all_in(*store);
        const auto end = all.back().position.value + 2;
        const auto day = *rc::gen::oneOf(rc::gen::exec(any_time),
                                         rc::gen::map(rc::gen::elementOf(all), [](const dated& e) { return e.time; }));
        const auto known =
            *rc::gen::oneOf(rc::gen::just(position::max().value), rc::gen::inRange<std::uint64_t>(0, end));
        const auto after = *rc::gen::oneOf(rc::gen::just<std::uint64_t>(0), rc::gen::inRange<std::uint64_t>(0, end));
        const auto order = *rc::gen::element(direction::forward, direction::backward);
        const auto limit = *rc::gen::oneOf(rc::gen::just(~std::uint64_t{0}), rc::gen::inRange<std::uint64_t>(0, 9));
        const auto is_of = [&](const dated& event) { return event.time <= day && event.position.value <= known; };

        const auto of_all = filtered(all, order, limit,
                                     [&](const dated& event) { return is_of(event) && event.position.value > after; });
        const stele::all_read_options read_all{.after = {after},
                                               .up_to = {known},
                                               .direction = order,
                                               .limit = limit,
                                               .filter = {.categories = {"counter"}},
                                               .occurred_up_to = day};
        RC_ASSERT(positions(store->read_all(read_all)) == positions(of_all));
        RC_ASSERT(store->count_events(read_all) == of_all.size());
        RC_ASSERT(stele::fold<sums>(*store, read_all).sum == sum(of_all));

        const stele::stream_id stream{*rc::gen::elementOf(streams)};
        const auto of_stream = filtered(all, order, limit, [&](const dated& event) {
            return is_of(event) && event.stream == stream.str() && event.version.value > after;
        });
        std::vector<std::string> types;
        if (*rc::gen::arbitrary<bool>()) types = {"testing.Incremented", "testing.Decremented"};
        const stele::stream_read_options read_stream{.after = {after},
                                                     .direction = order,
                                                     .limit = limit,
                                                     .as_of = {known},
                                                     .types = types,
                                                     .occurred_up_to = day};
        RC_ASSERT(positions(store->read_stream(stream, read_stream)) == positions(of_stream));

        const auto in_state = filtered(all, direction::forward, ~std::uint64_t{0}, [&](const dated& event) {
            return is_of(event) && event.stream == stream.str();
        });
        const stele::load_window window{.as_of = {known}, .occurred_up_to = day};
        const auto loaded = stele::load<counter>(*store, stream, window);
        RC_ASSERT(loaded.state.value == sum(in_state));
        RC_ASSERT(loaded.version == (in_state.empty() ? version{} : in_state.back().version));
        RC_ASSERT(loaded.position == (in_state.empty() ? position{} : in_state.back().position));
    }));
}

STORE_TEST_CASE(store, "a correction that is recorded later is in the state of the earlier day, if it was known then") {
    const stele::stream_id stream{"counter-1"};
    const timestamp monday = std::chrono::sys_days{std::chrono::year{1993} / 3 / 1};
    const auto add = [&](std::int64_t by, timestamp time) {
        const std::vector events{stele::encode(incremented(by), {.occurred_at = time})};
        REQUIRE(store->append(stream, stele::expected_version::any(), events));
    };
    add(100, monday);
    add(20, monday + 48h);
    const auto before = store->head();
    add(-30, monday + 24h);  // a correction of Tuesday's books, recorded last
    CHECK(value_of(*store, stream, {.occurred_up_to = monday - 1us}) == 0);
    CHECK(value_of(*store, stream, {.occurred_up_to = monday}) == 100);
    CHECK(value_of(*store, stream, {.occurred_up_to = monday + 24h}) == 70);
    CHECK(value_of(*store, stream, {.as_of = before, .occurred_up_to = monday + 24h}) == 100);
    CHECK(value_of(*store, stream, {.occurred_up_to = monday + 48h}) == 90);
    CHECK(value_of(*store, stream, {.up_to = {2}}) == 120);

    SUBCASE("a state is brought from any of these windows to any other") {
        const stele::load_window windows[]{{},
                                           {.occurred_up_to = monday},
                                           {.occurred_up_to = monday + 24h},
                                           {.as_of = before, .occurred_up_to = monday + 24h},
                                           {.as_of = before}};
        for (const auto& from : windows) {
            for (const auto& to : windows) {
                // A whole state is not brought back: it stays where it is.
                if (from == stele::load_window{} && to.occurred_up_to == from.occurred_up_to) continue;
                auto known = stele::load<counter>(*store, stream, from);
                stele::refresh(*store, stream, known, to);
                const auto fresh = stele::load<counter>(*store, stream, to);
                CHECK(known.state.value == fresh.state.value);
                CHECK(known.version == fresh.version);
                CHECK(known.occurred_up_to == to.occurred_up_to);
            }
        }
    }
    SUBCASE("what was truncated is missing, and the state says so") {
        REQUIRE(store->truncate_stream(stream, {2}));
        const auto loaded = stele::load<counter>(*store, stream, {.occurred_up_to = monday + 24h});
        CHECK(loaded.state.value == -30);
        CHECK(loaded.removed == version{1});
    }
}
