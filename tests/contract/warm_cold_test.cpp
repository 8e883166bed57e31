// A bus decides alike whether it has kept the state (warm) or loads it (cold), whatever was removed meanwhile.

#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/aggregates/snapshot.hpp>
#include <stele/commands/command_bus.hpp>

#include <fmt/format.h>
#include <rapidcheck.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

using namespace testing;
using stele::version;

namespace {

/// Its state depends on every event and their order, and each decision tells the state.
struct mirror {
    static constexpr auto category = "mirror";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    std::int64_t value = 7;

    stele::decision<mirror> decide(const Increment& command) const {
        if (command.by() == 0) return stele::no_change();
        if (command.by() < 0) return stele::reject("seen", "{}", value);
        return stele::accept(incremented(value), incremented(command.by()));
    }
    void evolve(const Incremented& event) { value = (value * 31 + event.by()) % 100'003; }
};

struct mirror_with_snapshots : mirror {
    using snapshot_type = TallySnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(7);

    stele::decision<mirror_with_snapshots> decide(const Increment& command) const {
        if (command.by() == 0) return stele::no_change();
        if (command.by() < 0) return stele::reject("seen", "{}", value);
        return stele::accept(incremented(value), incremented(command.by()));
    }
    TallySnapshot snapshot() const {
        TallySnapshot saved;
        saved.set_value(value);
        return saved;
    }
    void restore(const TallySnapshot& saved) { value = saved.value(); }
};

/// What a bus that loads the state would answer: the state that it decides on.
template <class Aggregate>
std::string expected(stele::event_store& store, const std::string& id, std::int64_t by) {
    const auto known = stele::repository<Aggregate>{store}.load(id);
    if (by < 0) return fmt::format("{}", known.state.value);
    if (by == 0) return fmt::format("{} {}", known.version.value, known.position.value);
    return fmt::format("decided on {}", known.state.value);
}

/// The same of a command that is sent.
template <class Aggregate>
std::string sent(stele::event_store& store, stele::command_bus<Aggregate>& bus, const std::string& id,
                 std::int64_t by) {
    const auto result = bus.send(increment(id, by));
    if (!result) return result.error().rejection() ? result.error().rejection()->message : result.error().message();
    if (by == 0) return fmt::format("{} {}", result->version.value, result->position.value);
    std::string seen;
    const auto first = result->position.value - 1;
    for (const auto& event : store.read_all({.after = {first - 1}, .up_to = {first}}).events()) {
        Incremented message;
        message.ParseFromArray(event.payload.data(), static_cast<int>(event.payload.size()));
        seen = std::to_string(message.by());
    }
    CHECK(result->version == store.stream_version(stele::stream_of<Aggregate>(id)));
    return "decided on " + seen;
}

template <class Aggregate>
void expect_alike(stele::event_store& store) {
    int streams = 0;
    CHECK(rc::check("", [&] {
        const auto id = std::to_string(++streams);
        const auto stream = stele::stream_of<Aggregate>(id);
        std::array<stele::command_bus<Aggregate>, 3> buses{
            stele::command_bus<Aggregate>{store}, stele::command_bus<Aggregate>{store, {.cached_aggregates = 1}},
            stele::command_bus<Aggregate>{store, {.cached_aggregates = 0}}};
        for (auto steps = *rc::gen::inRange(1, 30); steps > 0; --steps) {
            const auto end = store.stream_version(stream).value;
            const auto action = *rc::gen::inRange(0, 12);
            if (action == 0) {
                (void)store.truncate_stream(stream, version{*rc::gen::inRange<std::uint64_t>(1, end + 2)});
            } else if (action == 1) {
                (void)store.delete_stream(stream);
            } else if (action == 2) {
                if constexpr (requires { typename Aggregate::snapshot_type; }) {
                    const stele::repository<Aggregate> instances{store};
                    instances.take_snapshot(id, instances.load(id));
                }
            } else {
                const std::int64_t by = action < 4 ? 0 : action < 6 ? -1 : *rc::gen::inRange(1, 100);
                auto& bus = buses.at(*rc::gen::inRange<std::size_t>(0, buses.size()));
                const auto answer = expected<Aggregate>(store, id, by);
                RC_ASSERT(sent(store, bus, id, by) == answer);
            }
        }
    }));
}

}  // namespace

STORE_TEST_CASE(store, "warm and cold decide alike after any removals, without snapshots") {
    expect_alike<mirror>(*store);
}

STORE_TEST_CASE(store, "warm and cold decide alike after any removals, with snapshots") {
    expect_alike<mirror_with_snapshots>(*store);
}

STORE_TEST_CASE(inner, "a command whose state is removed while it is decided is decided on what is left") {
    spy_store store{*inner};
    stele::command_bus<mirror> bus{store, {.attempts = 1}};
    for (int i = 1; i <= 3; ++i) REQUIRE(bus.send(increment("1", i)));
    const auto stream = stele::stream_of<mirror>("1");
    std::string answer;
    store.before_append = [&] {
        if (!answer.empty()) return;
        REQUIRE(inner->truncate_stream(stream, version{5}));
        answer = expected<mirror>(*inner, "1", 9);
    };
    CHECK(sent(*inner, bus, "1", 9) == answer);
    store.before_append = [] {};
    store.events_read = 0;
    CHECK(bus.send(increment("1", 4)));  // and it is kept as before
    CHECK(store.events_read == 0);
}

TEST_CASE("warm and cold decide alike after another process has removed events") {
    const temp_dir directory;
    const auto ours = open_sqlite(directory / "events.db", {});
    const auto theirs = open_sqlite(directory / "events.db", {});
    stele::command_bus<mirror> bus{*ours};
    const auto stream = stele::stream_of<mirror>("1");
    for (int i = 1; i <= 3; ++i) REQUIRE(bus.send(increment("1", i)));
    for (const std::int64_t by : {5, -1, 0}) {
        REQUIRE(theirs->truncate_stream(stream, ours->stream_version(stream)));
        const auto answer = expected<mirror>(*theirs, "1", by);
        CHECK(sent(*ours, bus, "1", by) == answer);
        REQUIRE(bus.send(increment("1", 2)));
    }
    REQUIRE(theirs->delete_stream(stream));
    REQUIRE(stele::command_bus<mirror>{*theirs}.send(increment("1", 8)));
    const auto answer = expected<mirror>(*theirs, "1", 3);
    CHECK(sent(*ours, bus, "1", 3) == answer);
}

STORE_TEST_CASE(store, "an append that expects that nothing was removed is a conflict after a truncation") {
    using stele::expected_version;
    const stele::stream_id stream{"account-1"};
    REQUIRE(store->append(stream, expected_version::no_stream(), make_events(4)));
    REQUIRE(store->truncate_stream(stream, version{3}));
    const auto exact = expected_version::exactly(version{4});
    const auto refused = store->append(stream, exact.nothing_removed_after(version{1}), make_event());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == stele::conflict_reason::removed);
    CHECK(refused.error().message() ==
          "append to stream 'account-1' (expected version 4): events after version 1 were removed");
    REQUIRE(store->append(stream, exact.nothing_removed_after(version{2}), make_event()));
    REQUIRE(store->delete_stream(stream));
    const auto none = expected_version::exactly(version{0}).nothing_removed_after(version{0});
    CHECK(none == expected_version::no_stream());
    const auto began = store->append(stream, none, make_event());
    REQUIRE(began);
    CHECK(began->version.value == 6);
}
