#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/codec/detail/event_table.hpp>
#include <stele/eventstore/document.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// In the place of an aggregate where there is none.
inline const aggregate_type& no_aggregate() {
    static const event_table none{"no aggregate", {}};
    static const aggregate_type type{.category = {},
                                     .events = &none,
                                     .make = []() -> void* { return nullptr; },
                                     .destroy = [](void*) noexcept {},
                                     .restart = [](void*) {},
                                     .snapshots = nullptr};
    return type;
}

/// One instance in a unit of work, or a stream that decision models write to.
struct unit_slot {
    unit_slot(stream_id of, any_aggregate state) : stream(std::move(of)), known(std::move(state)) {}

    stream_id stream;
    any_aggregate known;         // with the first `folded` events
    stream_position begun = {};  // where the stream was
    version base = {};           // as any_aggregate::base, then
    bool is_latest = false;      // it was read in this run
    bool is_of_models = false;   // only decision models write to it: `known` is no state
    std::vector<event_data> events = {};
    std::size_t folded = 0;
    std::string last_command = {};

    [[nodiscard]] version reached() const { return {begun.version.value + events.size()}; }
    void begin_here() {
        begun = known.reached;
        base = known.base;
    }
    // The position is not known yet; no `evolve` sees it.
    void fold() {
        if (is_of_models || folded == events.size()) return;
        const auto rest = std::span(events).subspan(folded);
        fold_appended(known, rest, {reached(), {known.reached.position.value + rest.size()}});
        folded = events.size();
    }
    // Brings the state to where the events were stored; false if that fails, and a load will report why.
    bool follow(const stream_position& end) noexcept {
        try {
            fold();
        } catch (...) {
            return false;
        }
        // What begins after a deletion counts on from the version before.
        if (begun.version.value == 0) known.removed = known.base = {end.version.value - events.size()};
        known.reached = end;
        return true;
    }
};

/// A receipt to write, and the event of its command: the last one of a slot that has so many then.
struct planned_receipt {
    document_write document;
    std::size_t slot;
    std::size_t events;
};

}  // namespace stele::inline v0::detail
