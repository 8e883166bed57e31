#pragma once

#include <stele/aggregate.hpp>

#include <memory>
#include <optional>
#include <span>

/// Aggregates with their types behind pointers: what loads and keeps states is compiled once, not for each type.
namespace stele::detail {

/// What there is to know about a type of aggregate. One object for each type, for ever.
struct aggregate_type {
    const event_table* events;
    void* (*make)();  ///< A new state, as before the first event.
    void (*destroy)(void* state) noexcept;
    void (*restart)(void* state);  ///< Makes a state what it is before the first event.
};

template <class Aggregate>
const aggregate_type& aggregate_type_of() {
    static const aggregate_type type{
        .events = &evolve_table<Aggregate>(),
        .make = []() -> void* { return new Aggregate{}; },
        .destroy = [](void* state) noexcept { delete static_cast<Aggregate*>(state); },
        .restart = &restart<Aggregate>,
    };
    return type;
}

/// A state of some type of aggregate and the events it was made of: what loaded<Aggregate> is to those who know it.
class any_aggregate {
public:
    /// Makes the state before the first event.
    explicit any_aggregate(const aggregate_type& type) : type_(&type), state_(type.make(), type.destroy) {}

    [[nodiscard]] const aggregate_type& type() const { return *type_; }
    [[nodiscard]] void* state() { return state_.get(); }

    /// How far it has come.
    stream_place place{};

private:
    const aggregate_type* type_;
    std::unique_ptr<void, void (*)(void*) noexcept> state_;
};

/// Brings a state to the end of its stream, as refresh() does.
void bring_up_to_date(event_store& store, const stream_id& stream, any_aggregate& known);

/// Folds events into the state that they were decided on, without reading them again. `end` is where the last of them
/// was appended. Throws as load() does; the state must not be used after that.
void fold_appended(any_aggregate& known, std::span<const event_data> events, stream_place end);

}  // namespace stele::detail
