#pragma once

#include "support/counter.hpp"

#include <stele/eventstore/stream.hpp>
#include <stele/projections/memory/memory_projection.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace testing {

/// Called by the boards below halfway through a change of their state, so that a test can make them fail there.
inline std::function<void(const stele::recorded_event&)> while_projecting;

/// The value of each counter, in memory, and the position of each event, so that a lost or repeated event is noticed.
template <int Version>
struct board_of_version {
    static constexpr auto name = "board";
    static constexpr int version = Version;
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;

    std::map<std::string, std::int64_t> values = {};
    std::vector<std::uint64_t> positions = {};

    void project(const CounterOpened&, const stele::recorded_event& at) { add(0, at); }
    void project(const Incremented& event, const stele::recorded_event& at) { add(event.by(), at); }
    void project(const Decremented& event, const stele::recorded_event& at) { add(-event.by(), at); }

    using snapshot_type = BoardSnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(20);
    [[nodiscard]] BoardSnapshot snapshot() const {
        BoardSnapshot saved;
        for (const auto& [counter, value] : values) (*saved.mutable_values())[counter] = value;
        for (const auto position : positions) saved.add_positions(position);
        return saved;
    }
    void restore(const BoardSnapshot& saved) {
        for (const auto& [counter, value] : saved.values()) values[counter] = value;
        positions.assign(saved.positions().begin(), saved.positions().end());
    }

    friend bool operator==(const board_of_version&, const board_of_version&) = default;

private:
    void add(std::int64_t by, const stele::recorded_event& at) {
        values[std::string{stele::instance_id_of(at.stream)}] += by;
        if (while_projecting) while_projecting(at);
        positions.push_back(at.position.value);
    }
};
using board = board_of_version<1>;

}  // namespace testing
