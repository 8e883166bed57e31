// Conditions under threads, processes and in a commit group. Which of them hold: contract/naive.

#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

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

}  // namespace

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

TEST_CASE("of two processes that have read the same, exactly one wins") {
    constexpr int rounds = 50;
    const temp_dir directory;
    const auto open = [&] { return stele::sqlite_store::open(directory / "events.db"); };
    {
        auto store = open();
        const auto first = store.append(stream_id{"desk-0"}, expected_version::any(), tagged("t.Opened", {"seat:0"}));
        REQUIRE(first);
    }
    int to_child[2], to_parent[2];
    REQUIRE(::pipe(to_child) == 0);
    REQUIRE(::pipe(to_parent) == 0);
    // Each says that it has read, and waits for the other one. Returns the rounds that it won, a digit for each.
    const auto take_seats = [&](const std::string& desk, int say, int hear) {
        auto store = open();
        std::string won;
        for (int round = 0; round < rounds; ++round) {
            const stele::tag_list seat{"seat:" + std::to_string(round)};
            const event_query query{.types = {"t.Taken"}, .tags = seat};
            const auto after = store.head();
            char heard = 0;
            if (::write(say, "r", 1) != 1 || ::read(hear, &heard, 1) != 1) return std::string{"is alone"};
            const std::vector taken{tagged("t.Taken", seat)};
            const auto outcome =
                store.append(stream_id{desk}, expected_version::any(), taken, {no_event{query, after}});
            won += outcome ? '1' : outcome.error().event->tags == seat ? '0' : '?';
            // Before the next one reads, this round is over for both.
            if (::write(say, "d", 1) != 1 || ::read(hear, &heard, 1) != 1) return std::string{"is alone"};
        }
        return won;
    };
    testing::child other{[&] { return take_seats("desk-2", to_parent[1], to_child[0]); }};
    const auto mine = take_seats("desk-1", to_child[1], to_parent[0]);
    const auto theirs = other.answer();
    REQUIRE(mine.size() == rounds);
    REQUIRE(theirs.size() == rounds);
    for (std::size_t round = 0; round < rounds; ++round) CHECK(mine[round] + theirs[round] == '0' + '1');
    for (const int each : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) ::close(each);
    auto store = open();
    CHECK(store.count_events({.filter = {.types = {"t.Taken"}}}) == rounds);
}
