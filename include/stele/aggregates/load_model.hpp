#pragma once

#include <stele/aggregates/decision_model.hpp>
#include <stele/aggregates/detail/any_model.hpp>
#include <stele/aggregates/detail/model_rules.hpp>
#include <stele/codec/detail/type_list.hpp>
#include <stele/eventstore/event_store.hpp>

#include <algorithm>
#include <concepts>

/// States of decision models, for programs and tests that look at what a command would be decided on.
namespace stele::inline v0 {

/// The state of a decision model for one command, and what it was folded from.
template <class Model>
struct loaded_model {
    Model state{};         ///< What the events in the boundary fold to.
    position reached{};    ///< The last of these events; 0 if there was none.
    position head{};       ///< Up to where was read, inclusive.
    event_query boundary;  ///< The boundary of the command: as no_event{boundary, head}, a condition of an append.
};

/// Folds the boundary of a command, up to the head of the store or to `up_to` (inclusive), whichever comes first:
///
///     const auto seen = stele::load<enrolment>(store, enrol("c1", "ada"));
///     fmt::print("{} of {} seats\n", seen.state.of_course.taken, seen.state.of_course.seats);
///
/// Nothing is decided or written. To decide the command, send it (command_bus.hpp): the bus reads the boundary itself.
/// Throws stele::error: invalid_argument for a boundary without tags, undecodable for an event that does not parse,
/// needs_tagging as event_store::read_all(). What `boundary` and `evolve` throw passes through. Any thread may call it.
template <class Model, std::derived_from<google::protobuf::Message> Command>
[[nodiscard]] loaded_model<Model> load(event_store& store, const Command& command, position up_to = (position::max)()) {
    static_assert(detail::is_decision_model<Model>,
                  "only a decision model (it has a boundary) is loaded with a command: load an aggregate from its "
                  "stream, `stele::load<account>(store, stele::stream_of<account>(id))`");
    loaded_model<Model> result;
    if constexpr (detail::is_decision_model<Model> && detail::check_model<Model>()) {
        static_assert(detail::listed_in<Command, decltype(Model::commands)>,
                      "this command is not one of the decision model: add it to its `commands`, and a `decide` that "
                      "takes it");
        result.head = (std::min)(store.head(), up_to);
        detail::any_model model{detail::model_type_of<Model>(), &detail::scope_of<Model, Command>, command,
                                &result.state};
        model.read(store, result.head);
        result.reached = model.reached;
        result.boundary = model.boundary();
    }
    return result;
}

}  // namespace stele::inline v0
