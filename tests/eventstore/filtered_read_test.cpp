// What a filtered read costs and how it ends, apart from what it returns (filter_test.cpp).

#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/detail/stop_scope.hpp>
#include <stele/eventstore/subscription.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <stop_token>

using stele::expected_version;
using stele::stream_id;
using stele::detail::stop_scope;

namespace {

// Counts the steps of SQLite's virtual machine, in thousands, on every connection that is opened while it lives.
class step_counter {
public:
    step_counter() {
        steps = 0;
        REQUIRE(sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)) == SQLITE_OK);
    }
    step_counter(const step_counter&) = delete;
    step_counter& operator=(const step_counter&) = delete;
    ~step_counter() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch)); }

    template <class Work>
    static std::int64_t of(const Work& work) {
        const auto before = steps.load();
        work();
        return steps - before;
    }

private:
    static int watch(sqlite3* db, char** /*message*/, const void* /*api*/) {
        sqlite3_progress_handler(db, 1000, [](void*) { return static_cast<int>(++steps < 0); }, nullptr);
        return SQLITE_OK;
    }
    static inline std::atomic<std::int64_t> steps = 0;
};

// 40 000 events of 400 streams.
void fill(stele::event_store& store) {
    for (int i = 0; i < 400; ++i)
        REQUIRE(
            store.append(stream_id("account", fmt::format("{:04}", 7 * i)), expected_version::any(), make_events(100)));
}

std::size_t count(stele::event_store& store, const stele::event_query& filter) {
    std::size_t found = 0;
    for (const auto& batch : store.read_all({.filter = filter})) found += batch.size();
    return found;
}

}  // namespace

TEST_CASE("what a filter by many prefixes costs does not grow with prefixes times events") {
    const step_counter counter;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    stele::event_query many;
    for (int i = 0; i < 3000; ++i) many.stream_prefixes.push_back(fmt::format("account-{:04}", i));
    const auto unfiltered = step_counter::of([&] { CHECK(count(store, {}) == 40'000); });
    const auto many_steps = step_counter::of([&] { CHECK(count(store, many) == 40'000); });
    CHECK(unfiltered > 0);
    CHECK(many_steps < 10 * unfiltered);  // were they looked up for each event, it would be some thousand times
}

TEST_CASE("a filtered read ends when it is stopped, other reads are not touched") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    const stele::event_query none{.categories = {"nothing", "accounts"}, .types = {"test.Happened"}};
    REQUIRE(store.append(stream_id{"accounts-1"}, expected_version::any(), make_events(9000)));
    std::stop_source stop;
    const stop_scope outer(stop.get_token());
    CHECK(count(store, none) == 9000);
    stop.request_stop();
    CHECK_THROWS_AS(count(store, none), stele::detail::stopped);
    CHECK(count(store, {}) == 49'000);
    const stop_scope inner({});
    CHECK(count(store, none) == 9000);
}

TEST_CASE("a subscription that is stopped ends without an error, and its handler's own reads are complete") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    fill(store);
    REQUIRE(store.append(stream_id{"accounts-1"}, expected_version::any(), make_events(9000)));
    std::atomic<std::size_t> found = 0;
    std::stop_source stop;
    auto subscription = stele::subscribe(
        store, {.filter = {.categories = {"accounts"}}},
        [&](const stele::recorded_event&) {
            stop.request_stop();
            found = count(store, {.categories = {"accounts"}});
        },
        stop.get_token());
    subscription.wait();
    CHECK(found == 9000);
    CHECK(!subscription.failure());
}

TEST_CASE("a sparse filter does not read the events in between") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    // What is not merged yet is read whatever is looked for.
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal, .merge_events = 1000});
    // The rare events are at both ends; everything between them is then overwritten with zeros on disk.
    const stream_id rare{"rare-1"};
    const stream_id common{"common-1"};
    REQUIRE(store.append(rare, expected_version::any(), std::vector{make_event("test.Rare", "first")}));
    for (int i = 0; i < 20; ++i) {
        std::vector<stele::event_data> events(1000, make_event("test.Common", std::string(300, 'x')));
        for (auto& event : events) event.id = stele::uuid::v7();
        REQUIRE(store.append(common, expected_version::any(), events));
    }
    REQUIRE(store.append(rare, expected_version::any(), std::vector{make_event("test.Rare", "last")}));
    store.compact();
    {
        // Payloads of the middle: the store must not read them.
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        const auto size = std::filesystem::file_size(file);
        std::string image(size, '\0');
        bytes.read(image.data(), static_cast<std::streamsize>(size));
        constexpr std::size_t page = 4096;
        const std::string payload(300, 'x');
        for (std::size_t at = 40 * page; at + 40 * page < size; at += page) {
            // A page of the table events holds payloads; those of the first and last blocks are kept.
            if (image.find(payload, at) >= at + page || at < size / 4 || at > size / 2) continue;
            bytes.seekp(static_cast<std::streamoff>(at));
            bytes.write(std::string(page, '\0').data(), page);
        }
    }
    auto damaged = stele::sqlite_store::open(directory / "events.db");
    CHECK_THROWS_AS((void)lines(damaged.read_all()), stele::error);
    const std::vector<std::string> both{"1 rare-1@1 test.Rare first", "20002 rare-1@2 test.Rare last"};
    CHECK(lines(damaged.read_all({.filter = {.types = {"test.Rare"}}})) == both);
    CHECK(lines(damaged.read_all({.filter = {.categories = {"rare"}}})) == both);
    CHECK(lines(damaged.read_all({.filter = {.stream_prefixes = {"rare-"}}})) == both);
    CHECK(lines(damaged.read_all({.direction = stele::direction::backward, .filter = {.types = {"test.Rare"}}}))
              .front() == both.back());
}

TEST_CASE("a filtered read also ends in a long range without matches") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file);
    for (int i = 0; i < 3; ++i)
        REQUIRE(store.append(stream_id{"order-1"}, expected_version::any(),
                             std::vector{make_event("test.Placed", std::to_string(i))}));
    // The blocks still say that an event of the type is at the old position.
    run_sql(file, "UPDATE events SET position = 1 << 60 WHERE position = 3");
    const std::vector<std::string> found{"1 order-1@1 test.Placed 0", "2 order-1@2 test.Placed 1"};
    CHECK(lines(store.read_all({.filter = {.types = {"test.Placed"}}})) == found);
    CHECK(lines(store.read_all({.direction = stele::direction::backward, .filter = {.types = {"test.Placed"}}})) ==
          std::vector(found.rbegin(), found.rend()));
}
