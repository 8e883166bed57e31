#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/aggregates/detail/any_model.hpp>
#include <stele/aggregates/detail/model_rules.hpp>
#include <stele/aggregates/detail/model_stream.hpp>
#include <stele/commands/detail/command_definition.hpp>
#include <stele/testing/detail/scenario_fault.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Tests of an aggregate that read like its rules, without a store (docs/testing.md):
///
///     stele::given<account>(opened(), deposited(100)).when(withdraw(150)).then_rejected("insufficient_funds");
///     stele::given<account>(opened()).when(deposit(5)).then(deposited(5));
///     stele::given<account>(opened()).when(rename("same name")).then_nothing();
///     stele::given<account>().when(deposit(5)).then_rejected("not_open");
///     CHECK(stele::given<account>(opened()).when(deposit(5)).state().balance == 5);
///
/// A decision model is tested in the same way. Its given events may be of any course, student or whatever its tags
/// name: it folds those in the boundary of the command, as over a store.
///
/// Every event, given or decided, is encoded, decoded and evolved as in a store, so a schema that cannot hold what the
/// rule puts in fails here. An event that cannot be encoded is a stele::error, as when sending, with the source line.
///
/// An expectation that is not met throws scenario_failed. It is an exception and not a hook, because every test
/// framework reports an uncaught one with its text and counts the test as failed, and so does a plain main(): nothing
/// has to be registered. Its text has the source line, the command, and expected and actual outcome side by side.
namespace stele::inline v0 {

/// An expectation of a scenario that was not met; what() shows the difference, in several lines.
class scenario_failed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

/// The given events of an aggregate, in place of a stream in a store. `state` points to the aggregate.
class given_events {
public:
    given_events(std::string_view category, const event_table& events);

    /// Encodes the event, decodes and folds it. Returns the decoded event.
    std::unique_ptr<const google::protobuf::Message> add(const google::protobuf::Message& event, void* state);

private:
    std::string stream_;
    event_decoder decoder_;
    std::uint64_t version_ = 0;
};

/// The given events of a decision model: which of them it folds is known with the command.
class given_history {
public:
    /// Encodes the event and keeps it.
    void add(const google::protobuf::Message& event);

    /// Folds what is in the boundary of the command into a state that belongs to the caller. Throws stele::error
    /// (invalid_argument) if the boundary names no tag.
    void begin(const model_type& type, model_scope scope, const google::protobuf::Message& command, void* state);

    /// Encodes the event, decodes and folds it, if it is in the boundary. Returns the decoded event.
    std::unique_ptr<const google::protobuf::Message> decided(const google::protobuf::Message& event);

private:
    void fold(std::size_t index);

    std::vector<event_data> events_;
    std::optional<any_model> model_;
};

using message_list = std::vector<std::unique_ptr<const google::protobuf::Message>>;

/// Copies messages, so that they can be compared without their types.
template <class... Messages>
message_list copy_messages(const Messages&... messages) {
    message_list copies;
    (copies.push_back(std::make_unique<Messages>(messages)), ...);
    return copies;
}

/// The outcome of a command, without the type of the aggregate.
class scenario_outcome {
public:
    scenario_outcome(const google::protobuf::Message& command, std::source_location where, any_decision decision,
                     message_list events);

    void ignore(std::string_view field);
    void expect_events(const message_list& expected) const;
    void expect_rejection(std::string_view code) const;
    void expect_value(const google::protobuf::Message& expected) const;

private:
    std::string title_;  // the place and the command
    any_decision decision_;
    message_list events_;  // as decoded
    std::vector<std::string> ignored_;
};

/// Whether an aggregate folds this event: as it is, or upcast.
template <class Event, class Aggregate>
concept folded_event = event_of<Event, Aggregate> || []<class... Upcasters>(upcaster_pack<Upcasters...>) {
    return (outdated_in<Event, Upcasters> || ...);
}(decltype(upcasters_in(Aggregate::events)){});

template <class Event, class... Parts>
consteval bool is_folded_in(std::type_identity<model_parts<Parts...>>) {
    const auto folds = []<class Owner, class Part, class Choice>(std::type_identity<model_part<Owner, Part, Choice>>) {
        return folded_event<Event, Part>;
    };
    return (folds(std::type_identity<Parts>{}) || ...);
}
template <class Event, class Choice>
consteval bool is_folded_in(std::type_identity<Choice>) {
    return false;
}

/// Whether an aggregate or a model folds this event, or any part of a model.
template <class Event, class Aggregate>
consteval bool is_folded() {
    if constexpr (is_decision_model<Aggregate>) {
        return folded_event<Event, Aggregate> || with_types(Aggregate::commands, []<class... Commands>() {
                   return (is_folded_in<Event>(std::type_identity<boundary_of<Aggregate, Commands>>{}) || ...);
               });
    } else {
        return folded_event<Event, Aggregate>;
    }
}

template <class Aggregate, class Event>
consteval void check_given_event() {
    static_assert(is_folded<Event, Aggregate>() || is_decision_model<Aggregate>,
                  "this event is not one of the aggregate's: add it to the `events` of the aggregate, and an `evolve` "
                  "that takes it, or upcast it");
    static_assert(is_folded<Event, Aggregate>() || !is_decision_model<Aggregate>,
                  "this event is not one of the decision model's: add it to the `events` of the model or of a part, "
                  "and an `evolve` that takes it, or upcast it");
}

}  // namespace detail

/// The outcome of a command. Nothing is checked until one of these is called.
template <class Aggregate>
class scenario_result {
public:
    /// Leaves the field of this name, of the events themselves and not of messages in them, out of what then() compares
    /// and shows: a number that is made at random, a time. then() throws stele::error (invalid_argument) if no event
    /// has it.
    [[nodiscard]] scenario_result ignoring(std::string_view field) && {
        outcome_.ignore(field);
        return std::move(*this);
    }

    /// The state after the events of the command; after a rejection, the state before it.
    [[nodiscard]] const Aggregate& state() const& noexcept { return state_; }
    [[nodiscard]] Aggregate state() && { return std::move(state_); }  ///< By value, of a temporary.

    /// Expects exactly these events in this order, all fields equal (and NaN equal to NaN). Throws scenario_failed.
    template <class... Events>
    void then(const Events&... events) const {
        static_assert(sizeof...(Events) > 0, "name the expected events, or call then_nothing()");
        (detail::check_event_of<Aggregate, Events>(), ...);
        outcome_.expect_events(detail::copy_messages(events...));
    }

    /// Expects that the command was accepted and changed nothing. Throws scenario_failed.
    void then_nothing() const { outcome_.expect_events({}); }

    /// Expects that the command was accepted and that `decide` answers the sender with this message
    /// (decision::returning), all fields equal. Throws scenario_failed.
    void then_value(const google::protobuf::Message& expected) const { outcome_.expect_value(expected); }

    /// Expects a rejection with this code; its text for people is not compared. Throws scenario_failed.
    void then_rejected(std::string_view code) const { outcome_.expect_rejection(code); }

private:
    template <class>
    friend class scenario;
    scenario_result(detail::scenario_outcome outcome, Aggregate state)
        : outcome_(std::move(outcome)), state_(std::move(state)) {}

    detail::scenario_outcome outcome_;
    Aggregate state_;
};

/// The state of an aggregate at the beginning of a test. Made by given().
template <class Aggregate>
class scenario {
public:
    /// Decides the command and folds its events. What `decide` and `evolve` throw passes through. Throws stele::error
    /// (invalid_argument), as a bus does, if the instance id of the command makes no stream name, its boundary no tag,
    /// or an event, also a given one, cannot be encoded. `where` is the source location in the text of scenario_failed,
    /// and of every stele::error.
    template <class Command>
    [[nodiscard]] scenario_result<Aggregate> when(const Command& command,
                                                  std::source_location where = std::source_location::current()) && {
        static_assert(detail::listed_in<Command, decltype(Aggregate::commands)>,
                      "this command is not one of the aggregate's, or the decision model's: add it to its `commands`, "
                      "and a `decide` that takes it");
        return detail::at_place([&] { return detail::title_of(where, command); },
                                [&] {
                                    fault_.rethrow();
                                    return run(command, where);
                                });
    }

private:
    template <class A, class... Events>
    friend scenario<A> given(const Events&... events);

    static auto nothing_given() {
        if constexpr (detail::is_decision_model<Aggregate>)
            return detail::given_history{};
        else
            return detail::given_events{Aggregate::category, detail::evolve_table<Aggregate>()};
    }
    template <class Command>
    scenario_result<Aggregate> run(const Command& command, std::source_location where) {
        if constexpr (detail::is_decision_model<Aggregate>) {
            (void)detail::stream_of_model<Aggregate, Command>(command);
            given_.begin(detail::model_type_of<Aggregate>(), &detail::scope_of<Aggregate, Command>, command, &state_);
        } else if constexpr (requires { Aggregate::instance_id(command); }) {
            (void)detail::stream_of_command(command, Aggregate::category, Aggregate::instance_id(command));
        }
        detail::any_decision decision = detail::decide<Aggregate, Command>(&state_, command);
        detail::message_list events;
        for (const auto& event : decision.events()) {
            if constexpr (detail::is_decision_model<Aggregate>)
                events.push_back(given_.decided(*event));
            else
                events.push_back(given_.add(*event, &state_));
        }
        return {{command, where, std::move(decision), std::move(events)}, std::move(state_)};
    }
    template <class Event>
    void add(const Event& event) {
        detail::use_tags<Event>();
        if constexpr (detail::is_decision_model<Aggregate>)
            given_.add(event);
        else
            given_.add(event, &state_);
    }

    Aggregate state_{};
    decltype(nothing_given()) given_ = nothing_given();
    detail::given_fault fault_;
};

/// Begins a test with the state that these events fold to; without events, the state before the first one. Outdated
/// events are upcast, as those of a store are.
template <class Aggregate, class... Events>
[[nodiscard]] scenario<Aggregate> given(const Events&... events) {
    static_assert(detail::check_decider<Aggregate>());
    (detail::check_given_event<Aggregate, Events>(), ...);
    scenario<Aggregate> result;
    (result.fault_.keep_of([&] { result.add(events); }), ...);
    return result;
}

}  // namespace stele::inline v0
