#pragma once

#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/tally.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/commands/command_bus.hpp>

#include <string>
#include <vector>

/// Streams of tallies, and what was read to load them.
namespace testing {

inline const stele::stream_id one{"tally-1"};

template <class Rules = tally_rules>
using bus_of = stele::command_bus<tally<Rules>>;

/// A bus without a cache, so that every command loads.
template <class Rules = tally_rules>
bus_of<Rules> loading_bus(stele::event_store& store) {
    return bus_of<Rules>{store, {.cached_aggregates = 0}};
}

/// Makes a stream of `events` events, without any snapshot.
inline void fill(stele::event_store& store, int events, const std::string& stream = "tally-1") {
    std::vector<stele::event_data> all{stele::encode(opened("label"))};
    for (int i = 1; i < events; ++i) all.push_back(stele::encode(incremented(i)));
    const stele::stream_id id{stream};
    REQUIRE(store.append(id, stele::expected_version::exactly(store.stream_version(id)), all));
}

inline void fill_more(stele::event_store& store, int by) {
    const std::vector events{stele::encode(incremented(by))};
    REQUIRE(store.append(one, stele::expected_version::any(), events));
}

inline bool has_snapshot(stele::event_store& store, const std::string& stream = "tally-1") {
    return store.find_document("snapshot", stream).has_value();
}

/// Loads with the repository, and returns how many events that read. The state must be that of the events, so a
/// stream of which a snapshot holds truncated events cannot be given.
template <class Rules = tally_rules>
std::size_t events_read(stele::event_store& inner, stele::load_window window = {}) {
    spy_store store{inner};
    const auto known = stele::repository<tally<Rules>>{store}.load("1", window);
    const auto folded = stele::load<tally<Rules>>(inner, one, window);
    CHECK(known.state == folded.state);
    CHECK(known.version == folded.version);
    CHECK(known.position == folded.position);
    return store.events_read;
}

struct more_events : tally_rules {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;
};
struct next_fold : tally_rules {
    static constexpr int fold_version = 2;
};
struct other_snapshot : tally_rules {
    using snapshot_type = OtherTallySnapshot;
};
struct by_hand : tally_rules {
    static constexpr auto policy = stele::snapshot_never();
};
struct after_any_load : tally_rules {
    static constexpr auto policy = stele::snapshot_after_load_slower_than(std::chrono::nanoseconds{-1});
};
struct after_an_hour : tally_rules {
    static constexpr auto policy = stele::snapshot_after_load_slower_than(std::chrono::hours{1});
};

/// Removes the faults of a test after it.
struct faults_of_one_test {
    ~faults_of_one_test() { tally<>::faults = {}; }
};

}  // namespace testing
