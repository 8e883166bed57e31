#pragma once

#include <stele/aggregates/detail/snapshot_rules.hpp>
#include <stele/aggregates/load.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Aggregates with their types behind pointers: the code that loads and keeps states is compiled once, not per type.
namespace stele::inline v0::detail {

/// What the library knows about a type of aggregate. One object per type; it lives as long as the program.
struct aggregate_type {
    std::string_view category;
    const event_table* events;
    void* (*make)();  ///< A new state, as before the first event.
    void (*destroy)(void* state) noexcept;
    void (*restart)(void* state);         ///< Resets a state to the one before the first event.
    const snapshot_functions* snapshots;  ///< Null if the aggregate has none.
};

template <class Aggregate>
const aggregate_type& aggregate_type_of() {
    static const aggregate_type type{
        .category = Aggregate::category,
        .events = &evolve_table<Aggregate>(),
        .make = []() -> void* { return new Aggregate{}; },
        .destroy = [](void* state) noexcept { delete static_cast<Aggregate*>(state); },
        .restart = &restart<Aggregate>,
        .snapshots = snapshot_functions_of<Aggregate>(Aggregate::category, fold_version_of<Aggregate>()),
    };
    return type;
}

/// A state of some type of aggregate and the last event in it: loaded<Aggregate> without the type.
class any_aggregate {
public:
    /// Makes the state before the first event.
    explicit any_aggregate(const aggregate_type& type) : type_(&type), state_(type.make(), type.destroy) {}
    /// Works on a state that belongs to the caller and has no events yet, or those up to `reached`.
    any_aggregate(const aggregate_type& type, void* state) : type_(&type), state_(state, [](void*) noexcept {}) {}

    [[nodiscard]] const aggregate_type& type() const { return *type_; }
    [[nodiscard]] void* state() { return state_.get(); }

    /// The last event in the state.
    stream_position reached{};
    /// The version of the last snapshot of this stream that is known to be good; 0 if none is.
    version snapshot{};
    /// Events up to this version were removed and are not in the state: see loaded::removed.
    version removed{};
    /// The state stays what it is if events up to this version are removed from the stream: a snapshot held them when
    /// it was loaded, or they were gone then.
    version base{};
    /// A snapshot is due, whatever the number of events since the last one.
    bool needs_snapshot = false;

private:
    const aggregate_type* type_;
    std::unique_ptr<void, void (*)(void*) noexcept> state_;
};

/// Loads a state from its last snapshot, if there is a good one, and the events after that, or from the events alone;
/// or brings it to the end of the window as refresh() does, if it has events already. Throws as load() does; a problem
/// with a snapshot is only a warning.
void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                      const warning_handler& warn);

/// Encodes the events of a decision; all carry the same metadata. Throws as encode() does.
std::vector<event_data> encode_events(const any_decision& decision, const std::string& metadata_bytes);

/// Folds events into the state that they were decided on, without reading them again. `end` is where the last of them
/// was appended. Throws as load() does; the state must not be used after that.
void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_position end);

}  // namespace stele::inline v0::detail
