// What every store answers to a read.

#include "support/stores.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <map>

using stele::direction;
using stele::expected_version;
using stele::position;
using stele::stream_id;
using stele::version;

namespace {

// The model of the store: lines as lines() returns them, in the order of positions.
struct paper_store {
    std::vector<std::string> all;
    std::map<std::string, std::vector<std::string>> streams;

    void append(const std::string& stream, const std::vector<stele::event_data>& events) {
        for (const auto& event : events) {
            const auto line = std::to_string(all.size() + 1) + " " + stream + "@" +
                              std::to_string(streams[stream].size() + 1) + " " + event.type + " " + event.payload;
            all.push_back(line);
            streams[stream].push_back(line);
        }
    }
};

std::vector<std::string> window(const std::vector<std::string>& from, std::uint64_t after, std::uint64_t up_to,
                                direction order, std::uint64_t limit) {
    std::vector<std::string> result;
    for (std::uint64_t n = after + 1; n <= std::min<std::uint64_t>(up_to, from.size()); ++n)
        result.push_back(from[n - 1]);
    if (order == direction::backward) std::ranges::reverse(result);
    if (result.size() > limit) result.resize(limit);
    return result;
}

}  // namespace

STORE_TEST_CASE(store, "any window of a stream or of the whole store reads as in the model") {
    paper_store paper;
    const auto names = std::vector<std::string>{"account-1", "account-2", "order-1", "plain"};
    REQUIRE(rc::check("appends", [&] {
        const auto name = *rc::gen::elementOf(names);
        const auto events = make_events(*rc::gen::inRange<std::size_t>(1, 7));
        RC_ASSERT(store->append(stream_id{name}, expected_version::any(), events).has_value());
        paper.append(name, events);
    }));
    store.reopen();
    REQUIRE(rc::check("windows", [&] {
        const auto end = paper.all.size() + 2;
        const auto after = *rc::gen::inRange<std::uint64_t>(0, end);
        const auto up_to = *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, end),
                                           rc::gen::just(position::max().value), rc::gen::just(~std::uint64_t{0}));
        const auto order = *rc::gen::element(direction::forward, direction::backward);
        const auto limit = *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, end), rc::gen::just(~std::uint64_t{0}));
        RC_ASSERT(lines(store->read_all({position{after}, position{up_to}, order, limit})) ==
                  window(paper.all, after, up_to, order, limit));
        const auto name = *rc::gen::elementOf(names);
        RC_ASSERT(lines(store->read_stream(stream_id{name}, {version{after}, version{up_to}, order, limit})) ==
                  window(paper.streams[name], after, up_to, order, limit));
    }));
}

STORE_TEST_CASE(store, "a stream that does not exist reads as empty") {
    CHECK(lines(store->read_stream(stream_id{"account-1"})).empty());
    CHECK(lines(store->read_all()).empty());
    CHECK(lines(store->read_all({.direction = direction::backward})).empty());
}

STORE_TEST_CASE(store, "a read includes events that are appended while it runs") {
    const stream_id stream{"account-1"};
    REQUIRE(store->append(stream, expected_version::any(), make_events(2000)));
    std::uint64_t seen = 0;
    for (const auto& event : store->read_all().events()) {
        REQUIRE(event.position.value == ++seen);
        if (seen == 1) REQUIRE(store->append(stream, expected_version::any(), make_events(10)));
    }
    CHECK(seen == 2010);
}

STORE_TEST_CASE(store, "batches are bounded and hold their bytes") {
    REQUIRE(store->append(stream_id{"account-1"}, expected_version::any(), make_events(1500)));
    std::size_t sum = 0;
    for (const stele::event_batch& batch : store->read_all()) {
        CHECK(batch.size() <= 512);
        for (const auto& event : batch) REQUIRE(event.payload == "payload " + std::to_string(sum++));
    }
    CHECK(sum == 1500);
}
