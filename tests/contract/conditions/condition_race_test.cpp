// Conditions under threads, in a commit group, and against a naive oracle.

#include "support/stores.hpp"

#include <array>
#include <atomic>
#include <barrier>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using stele::append_condition;
using stele::conflict_reason;
using stele::event_data;
using stele::event_query;
using stele::expected_version;
using stele::no_event;
using stele::position;
using stele::stream_id;

namespace {

event_data tagged(const std::string& type, const stele::tag_list& tags) {
    return {.type = type, .payload = "p", .tags = tags};
}

constexpr int threads = 8;

// Runs `work(thread, barrier)` on each of the threads.
void race(const auto& work) {
    std::barrier<> barrier{threads};
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back([&, i] { work(i, barrier); });
}

// What the store must say, from a list of all that was appended.
struct naive_log {
    struct entry {
        std::string stream, type;
        stele::tag_list tags;
        bool removed = false;
    };
    std::vector<entry> entries;

    [[nodiscard]] std::optional<std::uint64_t> first(const event_query& query, std::uint64_t after) const {
        for (auto p = after; p < entries.size(); ++p) {
            const auto& at = entries[p];
            if (!at.removed && query.passes({.stream = at.stream, .type = at.type, .tags = at.tags})) return p + 1;
        }
        return std::nullopt;
    }
};

class random_domain {
public:
    explicit random_domain(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return random_() % n; }
    stele::tag_list tags(std::size_t most) {
        stele::tag_list chosen;
        for (auto n = below(most + 1); n > 0; --n)
            chosen.add((below(2) == 0 ? "course:c" : "student:s") + std::to_string(below(3)));
        return chosen;
    }
    std::string type() { return "t.Type" + std::to_string(below(3)); }
    std::string stream() { return (below(2) == 0 ? "a-" : "b-") + std::to_string(below(3)); }
    event_query query() {
        event_query made{.tags = tags(1)};
        if (below(3) == 0) made.types = {type(), type()};
        if (below(4) == 0) made.categories = {below(2) == 0 ? "a" : "b"};
        for (auto n = below(3); n > 0; --n) {
            stele::query_item item{.tags = tags(2)};
            if (item.tags.empty() || below(2) == 0) item.types = {type()};
            if (below(4) == 0) item.streams = {stream()};
            made.any_of.push_back(std::move(item));
        }
        return made;
    }

private:
    std::mt19937 random_;
};

}  // namespace

STORE_TEST_CASE(store, "conditions and reads agree with a naive log") {
    random_domain any{static_cast<unsigned>(store.configuration().name.size())};
    naive_log naive;
    std::size_t refused = 0;
    for (int step = 0; step < 400; ++step) {
        CAPTURE(step);
        const auto query = any.query();
        const auto after = any.below(naive.entries.size() + 1);
        std::vector<std::uint64_t> expected;
        for (auto at = naive.first(query, after); at; at = naive.first(query, *at)) expected.push_back(*at);
        std::vector<std::uint64_t> found;
        for (const auto& event : store->read_all({.after = {after}, .filter = query}).events()) {
            found.push_back(event.position.value);
            CHECK(event.tags == naive.entries[event.position.value - 1].tags.view());
        }
        CHECK(found == expected);
        if (step % 90 == 89) {
            const auto stream = any.stream();
            if (!store->delete_stream(stream_id{stream})) continue;
            for (auto& entry : naive.entries) entry.removed |= entry.stream == stream;
            naive.entries.push_back({.stream = "stele-streams", .type = "stele.v1.StreamDeleted", .tags = {}});
            continue;
        }
        if (step % 50 == 49) store.reopen();
        std::vector<event_data> events;
        const auto stream = any.stream();
        for (auto n = any.below(3) + 1; n > 0; --n) events.push_back(tagged(any.type(), any.tags(4)));
        const auto info = store->find_stream(stream_id{stream});
        const auto version =
            info.state == stele::stream_state::deleted ? expected_version::no_stream() : expected_version::any();
        const auto outcome = store->append(stream_id{stream}, version, events, {no_event{query, {after}}});
        CHECK(outcome.has_value() == expected.empty());
        if (!outcome) {
            ++refused;
            CHECK(outcome.error().reason == conflict_reason::condition);
            if (!expected.empty()) CHECK(outcome.error().event->position.value == expected.front());
            continue;
        }
        for (const auto& event : events)
            naive.entries.push_back({.stream = stream, .type = event.type, .tags = event.tags});
        CHECK(store->head().value == naive.entries.size());
    }
    CHECK(refused > 50);
    CHECK(refused < 350);
}

STORE_TEST_CASE(store, "of those that have read the same, exactly one wins") {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> won = 0;
        std::atomic<int> lost = 0;
        const stele::tag_list seat{"seat:" + std::to_string(round)};
        race([&](int thread, std::barrier<>& all_have_read) {
            const event_query query{.types = {"t.Taken"}, .tags = seat};
            const auto after = store->head();
            const auto taken = store->count_events({.up_to = after, .filter = query});
            all_have_read.arrive_and_wait();
            if (taken != 0) return;
            const auto outcome = store->append(stream_id{"desk-" + std::to_string(thread)}, expected_version::any(),
                                               std::vector{tagged("t.Taken", seat)}, {no_event{query, after}});
            if (outcome)
                ++won;
            else if (outcome.error().reason == conflict_reason::condition)
                ++lost;
        });
        CHECK(won == 1);
        CHECK(lost == threads - 1);
        CHECK(store->count_events({.filter = {.tags = seat}}) == 1);
    }
}

STORE_TEST_CASE(store, "those whose queries have nothing in common never meet, also in one stream") {
    std::atomic<int> lost = 0;
    race([&](int thread, std::barrier<>& together) {
        const stele::tag_list mine{"student:s" + std::to_string(thread), "course:c1"};
        const event_query query{.tags = {"student:s" + std::to_string(thread)}};
        for (int i = 0; i < 20; ++i) {
            const auto after = store->head();
            together.arrive_and_wait();
            if (!store->append(stream_id{"course-c1"}, expected_version::any(), std::vector{tagged("t.Enrolled", mine)},
                               {no_event{query, after}}))
                ++lost;
        }
    });
    CHECK(lost == 0);
    CHECK(store->stream_version(stream_id{"course-c1"}).value == threads * 20);
}

STORE_TEST_CASE(store, "neighbours in one commit group see one another") {
    // Of each seat the first one that is submitted gets it, and the others see that, whoever shares a commit with them.
    std::vector<std::future<stele::append_outcome>> under_way;
    const auto after = store->head();
    for (int i = 0; i < 200; ++i) {
        const stele::tag_list seat{"seat:" + std::to_string(i % 20)};
        under_way.push_back(store->append_async(stream_id{"desk-1"}, expected_version::any(), {tagged("t.Taken", seat)},
                                                {no_event{{.tags = seat}, after}}));
    }
    int won = 0;
    for (int i = 0; i < 200; ++i) {
        const auto outcome = under_way[static_cast<std::size_t>(i)].get();
        CHECK(outcome.has_value() == (i < 20));
        if (outcome) ++won;
        if (outcome) continue;
        CHECK(outcome.error().reason == conflict_reason::condition);
        CHECK(outcome.error().event->position.value == static_cast<std::uint64_t>(i % 20 + 1));
    }
    CHECK(won == 20);
    CHECK(store->head().value == 20);
}
