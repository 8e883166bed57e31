#pragma once

#include <stele/codec/detail/event_tags.hpp>
#include <stele/codec/detail/type_list.hpp>
#include <stele/eventstore/rejection.hpp>

#include <google/protobuf/message.h>

#include <concepts>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The answer of an aggregate to a command: events, or a rejection.
namespace stele::inline v0 {

namespace detail {

/// Moves what a decision returns to the sender.
template <class Value>
std::unique_ptr<const google::protobuf::Message> own_value(Value value) {
    static_assert(std::derived_from<Value, google::protobuf::Message>,
                  "returning takes a generated Protobuf message; for a text or a number there are StringValue and "
                  "Int64Value in google/protobuf/wrappers.pb.h");
    return std::make_unique<Value>(std::move(value));
}

}  // namespace detail

/// Accepted events, not yet those of a certain aggregate. Made by accept() and no_change(), turned into a decision.
///
/// A rejection and no_change() convert to it, for `return enough ? stele::accept(…) : stele::reject(…);`.
template <class... Events>
struct accepted {
    accepted() = default;
    /// A rejection in its place.
    accepted(rejection reason) : refused(std::move(reason)) {}
    /// No event in the place of these.
    template <std::same_as<accepted<>> None>
        requires(sizeof...(Events) > 0)
    accepted(None none)
        : events(std::move(none.events)), refused(std::move(none.refused)), value(std::move(none.value)) {}

    /// The same, with an answer for the sender: see decision::returning.
    template <class Value>
    [[nodiscard]] accepted returning(Value answer) && {
        value = detail::own_value(std::move(answer));
        return std::move(*this);
    }

    /// In the order in which they are appended.
    std::vector<std::unique_ptr<const google::protobuf::Message>> events;
    /// Instead of events: why the command is rejected.
    std::optional<rejection> refused;
    /// The answer for the sender, or null.
    std::unique_ptr<const google::protobuf::Message> value;
};

/// Accepts a command; the events are appended in this order, all or none. If their number is known only at run time,
/// see decision::add.
template <class... Events>
[[nodiscard]] accepted<std::remove_cvref_t<Events>...> accept(Events&&... events);

/// Accepts a command that changes nothing: no event is appended, and the receipt names the version it was decided on.
[[nodiscard]] inline accepted<> no_change() {
    return {};
}

namespace detail {

using event_list = std::vector<std::unique_ptr<const google::protobuf::Message>>;

/// A decision without the type of its aggregate.
class any_decision {
public:
    explicit any_decision(event_list events) : outcome_(std::move(events)) {}
    explicit any_decision(stele::rejection reason) : outcome_(std::move(reason)) {}
    any_decision(event_list events, std::optional<stele::rejection> refused,
                 std::unique_ptr<const google::protobuf::Message> value)
        : outcome_(std::move(events)) {
        if (refused) outcome_ = *std::move(refused);
        returning(std::move(value));
    }

    [[nodiscard]] bool is_accepted() const noexcept { return std::holds_alternative<event_list>(outcome_); }
    [[nodiscard]] std::span<const std::unique_ptr<const google::protobuf::Message>> events() const& noexcept;
    void events() const&& = delete;
    [[nodiscard]] const stele::rejection* rejection() const& noexcept {
        return std::get_if<stele::rejection>(&outcome_);
    }
    void rejection() const&& = delete;
    void add(std::unique_ptr<const google::protobuf::Message> event);
    [[nodiscard]] const google::protobuf::Message* value() const& noexcept { return value_.get(); }
    void value() const&& = delete;
    void returning(std::unique_ptr<const google::protobuf::Message> value) noexcept {
        if (is_accepted()) value_ = std::move(value);
    }

private:
    std::variant<event_list, stele::rejection> outcome_;
    std::unique_ptr<const google::protobuf::Message> value_;
};

struct decision_access;

template <class Event, class Aggregate>
concept event_of = listed_in<Event, decltype(Aggregate::events)>;

template <class Aggregate, class Event>
consteval void check_event_of() {
    static_assert(event_of<Event, Aggregate>,
                  "this event is not one of the aggregate's, or the decision model's: add it to its `events`, and an "
                  "`evolve` that takes it");
}

}  // namespace detail

/// The answer of `Aggregate` to a command: return accept(…), no_change() or reject(…) from a `decide` that returns this
/// type.
///
///     stele::decision<account> decide(const DepositMoney& command) const {
///         if (!open) return stele::reject("not_open", "the account is closed");
///         return stele::accept(deposited(command.amount()));
///     }
///
/// Takes only events that the aggregate lists in its `events`; another one does not compile. Owns the events.
template <class Aggregate>
class decision {
public:
    /// Accepts the command with these events. Not explicit: `return stele::accept(…)` is the way to make one.
    template <class... Events>
    decision(accepted<Events...> accepted)
        : outcome_(std::move(accepted.events), std::move(accepted.refused), std::move(accepted.value)) {
        (detail::check_event_of<Aggregate, Events>(), ...);
    }
    /// Rejects the command.
    decision(stele::rejection reason) : outcome_(std::move(reason)) {}

    /// Whether the command was accepted. If not, rejection() says why.
    [[nodiscard]] bool is_accepted() const noexcept { return outcome_.is_accepted(); }

    /// The accepted events in order; none if the command changes nothing or was rejected. They live as long as the
    /// decision and until the next add().
    [[nodiscard]] std::span<const std::unique_ptr<const google::protobuf::Message>> events() const& noexcept {
        return outcome_.events();
    }
    void events() const&& = delete;

    /// The rejection, or nullptr if the command was accepted. It lives as long as the decision.
    [[nodiscard]] const stele::rejection* rejection() const& noexcept { return outcome_.rejection(); }
    void rejection() const&& = delete;

    /// Appends an event, for a command that makes a number of events known only at run time:
    ///
    ///     stele::decision<order> all = stele::no_change();
    ///     for (const auto& line : command.lines()) all.add(line_added(line));
    ///     return all;
    ///
    /// Throws stele::error (invalid_argument) if this is a rejection.
    template <class Event>
    decision& add(Event event) & {
        detail::check_event_of<Aggregate, Event>();
        detail::use_tags<Event>();
        outcome_.add(std::make_unique<Event>(std::move(event)));
        return *this;
    }
    /// The same for a temporary.
    template <class Event>
    [[nodiscard]] decision add(Event event) && {
        add(std::move(event));
        return std::move(*this);
    }

    /// Answers the sender with a message, in place of an earlier one: a number that was given out, a price. It is in
    /// the receipt (receipt::value), in that of a repeated command too, and nowhere else: no event holds it. No effect
    /// on a rejection.
    ///
    ///     return stele::accept(number_taken(next)).returning(ticket(next));
    template <class Value>
    decision& returning(Value answer) & {
        outcome_.returning(detail::own_value(std::move(answer)));
        return *this;
    }
    /// The same for a temporary.
    template <class Value>
    [[nodiscard]] decision returning(Value answer) && {
        returning(std::move(answer));
        return std::move(*this);
    }

    /// What the sender is answered with, or nullptr. It lives as long as the decision and until the next returning().
    [[nodiscard]] const google::protobuf::Message* value() const& noexcept { return outcome_.value(); }
    void value() const&& = delete;

private:
    friend struct detail::decision_access;

    detail::any_decision outcome_;
};

namespace detail {

/// For the library, which carries decisions without the type of their aggregate.
struct decision_access {
    template <class Aggregate>
    static const any_decision& outcome_of(const decision<Aggregate>& decided) {
        return decided.outcome_;
    }
    template <class Aggregate>
    static any_decision take(decision<Aggregate>&& decided) {
        return std::move(decided.outcome_);
    }
};

}  // namespace detail

template <class... Events>
accepted<std::remove_cvref_t<Events>...> accept(Events&&... events) {
    static_assert(sizeof...(Events) > 0,
                  "accept takes at least one event: to accept a command that changes nothing, return "
                  "stele::no_change()");
    static_assert((std::derived_from<std::remove_cvref_t<Events>, google::protobuf::Message> && ...),
                  "accept takes events: generated Protobuf messages");
    (detail::use_tags<std::remove_cvref_t<Events>>(), ...);
    accepted<std::remove_cvref_t<Events>...> result;
    result.events.reserve(sizeof...(Events));
    (result.events.push_back(std::make_unique<std::remove_cvref_t<Events>>(std::forward<Events>(events))), ...);
    return result;
}

}  // namespace stele::inline v0
