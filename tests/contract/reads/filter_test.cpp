// Filtered reads, reads as of a time, and waiting for the head.

#include "support/stores.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <thread>

using stele::direction;
using stele::event_query;
using stele::expected_version;
using stele::position;
using stele::stream_id;

namespace {

const std::vector<std::string> streams{"account-1",    "account-12",   "account-2", "accounts-1",       "order-1",
                                       "order-\u00E9", "order-\u00EA", "plain",     "plain-\U0010FFFF", "order-\"q\\"};
const std::vector<std::string> event_types{"a.Opened", "a.Closed", "b.Placed", "absent"};

// Fills a store with frequent and rare types and streams; returns its content.
std::vector<std::pair<std::string, std::string>> fill(stele::event_store& store) {
    std::vector<std::pair<std::string, std::string>> all;
    for (std::size_t i = 0; i < 20'000; ++i) {
        const auto& stream = streams[i % 970 == 0 ? i / 970 % streams.size() : i / 50 % 2];
        const auto& type = event_types[i % 7000 == 1499 ? 2 : i % 40 == 0 ? 1 : 0];
        all.emplace_back(stream, type);
    }
    std::size_t done = 0;
    while (done < all.size()) {
        // Adjacent events of one stream are appended together, to be quick.
        auto end = done + 1;
        while (end < all.size() && all[end].first == all[done].first) ++end;
        std::vector<stele::event_data> events;
        for (auto i = done; i < end; ++i) events.push_back(make_event(all[i].second, std::to_string(i)));
        REQUIRE(store.append(stream_id{all[done].first}, expected_version::any(), events));
        done = end;
    }
    return all;
}

event_query any_filter() {
    const auto some_of = [](std::vector<std::string> from) {
        return *rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(from)));
    };
    return {.categories = some_of({"account", "order", "plain", "accounts", "nothing"}),
            .stream_prefixes =
                some_of({"account-1", "acc", "order-\u00E9", "plain-", "order-\"", "\U0010FFFF", "plain-\U0010FFFF"}),
            .streams = some_of(streams),
            .types = some_of(event_types)};
}

}  // namespace

STORE_TEST_CASE(store, "a filtered read returns exactly the matches, in every window, order and limit") {
    const auto all = fill(*store);
    REQUIRE(rc::check("filtered windows", [&] {
        const auto filter = any_filter();
        const auto end = all.size() + 1;
        const auto after = *rc::gen::oneOf(rc::gen::just<std::uint64_t>(0), rc::gen::inRange<std::uint64_t>(0, end));
        const auto up_to =
            *rc::gen::oneOf(rc::gen::just(position::max().value), rc::gen::inRange<std::uint64_t>(0, end));
        const auto order = *rc::gen::element(direction::forward, direction::backward);
        const auto limit = *rc::gen::oneOf(rc::gen::just(~std::uint64_t{0}), rc::gen::inRange<std::uint64_t>(0, 700));
        std::vector<std::uint64_t> expected;
        for (auto p = after + 1; p <= std::min<std::uint64_t>(up_to, all.size()); ++p)
            if (filter.passes(all[p - 1].first, all[p - 1].second)) expected.push_back(p);
        if (order == direction::backward) std::ranges::reverse(expected);
        if (expected.size() > limit) expected.resize(limit);

        std::vector<std::uint64_t> found;
        for (const auto& event : store->read_all({position{after}, position{up_to}, order, limit, filter}).events())
            found.push_back(event.position.value);
        RC_ASSERT(found == expected);
    }));
}

STORE_TEST_CASE(store, "a filter with an invalid name is refused") {
    CHECK_THROWS_WITH_AS((void)store->read_all({.filter = {.types = {""}}}),
                         "filter: event type '': is empty; give it 1 to 512 bytes", stele::error);
    CHECK_THROWS_AS((void)store->read_all({.filter = {.stream_prefixes = {"\xFF"}}}), stele::error);
}

STORE_TEST_CASE(store, "the store and a stream can be read as of a time") {
    const stream_id stream{"account-1"};
    std::vector<stele::timestamp> times;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(store->append(stream, expected_version::any(), make_events(2)));
        // Each append gets its own time.
        stele::timestamp last;
        for (const auto& event : store->read_all({.direction = direction::backward, .limit = 1}).events())
            last = event.recorded_at;
        times.push_back(last);
        while (std::chrono::system_clock::now() <= last + std::chrono::microseconds{1}) std::this_thread::yield();
    }
    CHECK(store->position_at(times.front() - std::chrono::microseconds{1}).value == 0);
    CHECK(store->position_at(times.back() + std::chrono::hours{1}).value == 40);
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto head = store->position_at(times[i]);
        CHECK(head.value == 2 * (i + 1));
        CHECK(lines(store->read_stream(stream, {.as_of = head})).size() == 2 * (i + 1));
        CHECK(lines(store->read_stream(stream, {.direction = direction::backward, .limit = 1, .as_of = head}))
                  .front()
                  .starts_with(std::to_string(head.value) + " "));
    }
}

STORE_TEST_CASE(store, "waiting for an append ends with an append, a stop or the timeout") {
    CHECK(store->wait_for_append(position{}, std::chrono::milliseconds{1}).value == 0);
    REQUIRE(store->append(stream_id{"a-1"}, expected_version::any(), make_events(2)));
    CHECK(store->wait_for_append(position{1}, std::chrono::hours{1}).value == 2);
    {
        std::jthread appender([&] { (void)store->append(stream_id{"a-1"}, expected_version::any(), make_events(1)); });
        CHECK(store->wait_for_append(position{2}, std::chrono::milliseconds::max()).value == 3);
    }
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    CHECK(store->wait_for_append(position{3}, std::chrono::hours{1}, stop.get_token()).value == 3);
}

STORE_TEST_CASE(store, "the types of all events are listed, each once, in the order of their names") {
    CHECK(store->event_types().empty());
    const std::vector batch{make_event("b.Placed", ""), make_event("a.Opened", ""), make_event("b.Placed", "")};
    REQUIRE(store->append(stream_id{"order-1"}, expected_version::any(), batch));
    REQUIRE(store->append(stream_id{"order-2"}, expected_version::any(), make_event("\u00E9.Last", "")));
    const std::vector<std::string> all{"a.Opened", "b.Placed", "\u00E9.Last"};
    CHECK(store->event_types() == all);
    // A refused append leaves no trace.
    REQUIRE_FALSE(store->append(stream_id{"order-1"}, expected_version::no_stream(), make_event("c.Refused", "")));
    CHECK(store->event_types() == all);
    store.reopen();
    CHECK(store->event_types() == all);
}

STORE_TEST_CASE(store, "asynchronous appends are done in order, and their futures have the results") {
    const stream_id stream{"account-1"};
    std::vector<std::future<std::expected<stele::append_result, stele::conflict>>> results;
    for (std::uint64_t i = 0; i < 300; ++i)
        results.push_back(store->append_async(stream, expected_version::exactly({i}), make_events(1)));
    auto refused = store->append_async(stream, expected_version::no_stream(), make_events(1));
    for (std::uint64_t i = 0; i < results.size(); ++i) {
        const auto result = results[i].get();
        REQUIRE(result);
        CHECK(result->version.value == i + 1);
    }
    const auto conflict = refused.get();
    REQUIRE_FALSE(conflict);
    CHECK(conflict.error().actual.value == 300);
    CHECK_THROWS_AS((void)store->append_async(stream, expected_version::any(), {}), stele::error);

    // Appends whose futures are dropped happen too.
    for (int i = 0; i < 50; ++i) (void)store->append_async(stream, expected_version::any(), make_events(1));
    store.reopen();
    while (store->stream_version(stream).value < 350)
        (void)store->wait_for_append(store->head(), std::chrono::milliseconds{1});
    CHECK(store->stream_version(stream).value == 350);
}
