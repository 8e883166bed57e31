// Live projections: folded on demand, from everything, from a part, and as of a position.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/memory/fold.hpp>

#include <stdexcept>
#include <thread>

using namespace testing;

namespace {

// Only folded: no name, no version. What each stream added to the sum, in order.
struct sums {
    static constexpr auto events = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    std::vector<std::string> streams = {};
    void project(const Incremented& event, const stele::recorded_event& at) {
        if (event.by() == 13) throw std::runtime_error("13");
        sum += event.by();
        streams.emplace_back(at.stream);
    }
};

void add(stele::event_store& store, const char* stream, std::int64_t by) {
    const std::vector events{stele::encode(incremented(by)), stele::encode(NobodyKnows{}), stele::encode(opened())};
    REQUIRE(store.append(stele::stream_id{stream}, stele::expected_version::any(), events));
}

}  // namespace

STORE_TEST_CASE(store, "a fold as of any position equals the projection at that time") {
    const temp_dir directory;
    append_some(*store, 100);
    stele::projection_runner runner{*store, directory.path};
    runner.add<board>();
    runner.catch_up();
    const auto kept = runner.query<board>([](const board& rows) { return rows; });
    CHECK(stele::fold<board>(*store) == kept);
    CHECK(kept.positions.size() > 60);
    for (std::uint64_t end = 0; end <= 100; ++end) {
        const auto then = stele::fold<board>(*store, {.up_to = {end}});
        auto expected = kept.positions;
        std::erase_if(expected, [&](auto position) { return position > end; });
        REQUIRE(then.positions == expected);
    }
}

STORE_TEST_CASE(store, "partial folds: by category, by stream, by version, by time") {
    CHECK(stele::fold<sums>(*store).sum == 0);
    add(*store, "counter-1", 1);
    add(*store, "counter-2", 2);
    add(*store, "meter-1", 4);
    const auto noon = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    while (std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) <= noon)
        std::this_thread::yield();
    add(*store, "counter-1", 8);

    CHECK(stele::fold<sums>(*store).sum == 15);
    CHECK(stele::fold<sums>(*store, {.filter = {.categories = {"counter"}}}).sum == 11);
    CHECK(stele::fold<sums>(*store, {.filter = {.categories = {"nobody"}}}).sum == 0);
    CHECK(stele::fold<sums>(*store, {.up_to = store->position_at(noon)}).sum == 7);
    CHECK(stele::fold<sums>(*store, {.direction = stele::direction::backward}).streams ==
          std::vector<std::string>{"counter-1", "meter-1", "counter-2", "counter-1"});
    const stele::stream_id first{"counter-1"};
    CHECK(stele::fold<sums>(store->read_stream(first)).sum == 9);
    CHECK(stele::fold<sums>(store->read_stream(first, {.up_to = {3}})).sum == 1);
    CHECK(stele::fold<sums>(store->read_stream(first, {.as_of = store->position_at(noon)})).sum == 1);
    CHECK(stele::fold<sums>(store->read_stream(stele::stream_id{"counter-9"})).streams.empty());
}

TEST_CASE("what cannot be folded is thrown") {
    stele::memory_store store;
    const std::vector bad{stele::event_data{.type = "testing.Incremented", .payload = "\xff"}};
    REQUIRE(store.append(stele::stream_id{"counter-1"}, stele::expected_version::no_stream(), bad));
    CHECK(error_of([&] { static_cast<void>(stele::fold<sums>(store)); }).kind == stele::error_kind::undecodable);
    add(store, "counter-2", 13);
    CHECK_THROWS_WITH(static_cast<void>(stele::fold<sums>(store, {.after = {1}})), "13");
}
