// Events in memory: views, owned events, batches and ranges.

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/format.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using stele::event_batch;
using stele::owned_event;
using stele::recorded_event;

static_assert(!std::is_copy_constructible_v<recorded_event>);
static_assert(!std::is_copy_assignable_v<recorded_event>);
static_assert(std::is_nothrow_move_constructible_v<recorded_event>);
static_assert(std::is_copy_constructible_v<owned_event>);
static_assert(!std::is_convertible_v<const recorded_event&, owned_event>);

namespace {

const stele::timestamp noon{std::chrono::hours{12}};

// Batches of two events each; the payload is the position.
stele::event_range range_of(std::uint64_t count) {
    return stele::event_range{[count, at = std::uint64_t{0}](event_batch& batch) mutable {
        while (at < count && batch.size() < 2) {
            ++at;
            const stele::event_data data{.type = "test.Happened", .payload = std::to_string(at)};
            batch.add(stele::as_recorded(data, "a-1", {{at}, {at}}));
        }
    }};
}

std::string refusal(const auto& call) {
    try {
        call();
    } catch (const stele::error& fault) {
        CHECK(fault.kind() == stele::error_kind::invalid_argument);
        return fault.what();
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE("an event to append is seen as it will be recorded") {
    const stele::event_data data{.type = "test.Happened", .payload = "p", .metadata = "m"};
    const auto event = stele::as_recorded(data, "a-1", {{2}, {7}}, noon);
    CHECK(event.version.value == 2);
    CHECK(event.position.value == 7);
    CHECK(event.recorded_at == noon);
    CHECK(event.id == data.id);
    CHECK(event.stream == "a-1");
    CHECK(event.type == "test.Happened");
    CHECK(event.payload.data() == data.payload.data());  // a view
    CHECK(event.metadata == "m");
}

TEST_CASE("an owned event outlives its batch and gives the same view") {
    std::vector<owned_event> kept;
    for (const auto& event : range_of(5).events()) kept.emplace_back(event);
    const auto copies = kept;
    kept.clear();
    REQUIRE(copies.size() == 5);
    for (std::uint64_t i = 0; i < 5; ++i) {
        const auto event = copies[i].view();
        CHECK(event.position.value == i + 1);
        CHECK(event.stream == "a-1");
        CHECK(event.type == "test.Happened");
        CHECK(event.payload == std::to_string(i + 1));
        CHECK(event.payload.data() == copies[i].payload.data());
        CHECK(event.id == copies[i].id);
    }
}

TEST_CASE("a range and its events are read once, and a second begin() says so") {
    auto range = range_of(3);
    CHECK(range.begin()->size() == 2);
    CHECK(refusal([&] { (void)range.begin(); }).find("begin() was called again") != std::string::npos);

    auto events = range_of(3).events();
    CHECK(events.begin()->payload == "1");
    CHECK(refusal([&] { (void)events.begin(); }).find("begin() was called again") != std::string::npos);
}

TEST_CASE("a range may be assigned to itself, and to another") {
    auto range = range_of(3);
    auto& same = range;
    range = std::move(same);
    CHECK(range.begin()->size() == 2);
    range = range_of(5);
    CHECK(range.begin()->size() == 2);
}

TEST_CASE("a batch that is taken keeps its events while the range goes on with other memory") {
    auto range = range_of(5);
    std::vector<event_batch> taken;
    event_batch reuse;
    for (auto batch = range.begin(); batch != stele::event_range::end(); ++batch)
        taken.push_back(batch.take(std::move(reuse)));
    REQUIRE(taken.size() == 3);
    CHECK(taken[0][0].payload == "1");
    CHECK(taken[0][1].payload == "2");
    CHECK(taken[1][1].payload == "4");
    CHECK(taken[2].size() == 1);
    CHECK(taken[2].front().payload == "5");
}

TEST_CASE("numbers and names are formatted without taking them apart") {
    const stele::position here{41};
    CHECK(fmt::format("{} {:>4}", here.next(), stele::version{2}.next()) == "42    3");
    CHECK(fmt::format("{}|{:<10}|", stele::expected_version::exactly({3}), stele::expected_version::any()) ==
          "3|any       |");
    CHECK(fmt::format("{:.7}", stele::stream_id{"account-42"}) == "account");
    CHECK(fmt::format("{}", stele::uuid{}) == "00000000-0000-0000-0000-000000000000");
}
