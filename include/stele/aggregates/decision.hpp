#pragma once

#include <stele/codec/detail/type_list.hpp>

#include <fmt/core.h>
#include <google/protobuf/message.h>

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// What an aggregate answers to a command: events, or a rejection.
namespace stele::inline v0 {

/// The business says no. A value for the caller to handle, not a fault.
struct rejection {
    /// Which rule said no, for programs: a short word of yours such as "insufficient_funds". Keep it stable.
    std::string code;
    /// Why, for people.
    std::string message;

    friend bool operator==(const rejection&, const rejection&) = default;
};

/// Rejects a command. The text is a {fmt} format string, checked when compiling:
///
///     return stele::reject("insufficient_funds", "balance {}, asked {}", balance, command.amount());
template <class... Args>
[[nodiscard]] rejection reject(std::string_view code, fmt::format_string<Args...> text, Args&&... args) {
    return {.code = std::string{code}, .message = fmt::vformat(text, fmt::make_format_args(args...))};
}

/// Events that were accepted, before it is known for which aggregate. Made by accept(), turned into a decision.
template <class... Events>
struct accepted {
    std::vector<std::unique_ptr<const google::protobuf::Message>> events;
};

/// Accepts a command; the events will be appended in this order, all or none. No event means that the command is fine
/// and changes nothing. When the number of events is known only at run time, see decision::add.
template <class... Events>
[[nodiscard]] accepted<std::remove_cvref_t<Events>...> accept(Events&&... events);

namespace detail {

/// The part of a decision that does not depend on the aggregate.
class any_decision {
public:
    /// Whether the command was accepted. If not, rejection() says why.
    [[nodiscard]] bool is_accepted() const noexcept { return std::holds_alternative<event_list>(outcome_); }

    /// The accepted events in order; none if the command changes nothing, and none if it was rejected.
    [[nodiscard]] std::span<const std::unique_ptr<const google::protobuf::Message>> events() const noexcept;

    /// The rejection, or nullptr if the command was accepted. Lives as long as the decision.
    [[nodiscard]] const stele::rejection* rejection() const noexcept {
        return std::get_if<stele::rejection>(&outcome_);
    }

protected:
    using event_list = std::vector<std::unique_ptr<const google::protobuf::Message>>;

    any_decision(event_list events) : outcome_(std::move(events)) {}
    any_decision(stele::rejection why) : outcome_(std::move(why)) {}
    void add_event(std::unique_ptr<const google::protobuf::Message> event);

private:
    std::variant<event_list, stele::rejection> outcome_;
};

template <class Event, class Aggregate>
concept event_of = listed_in<Event, decltype(Aggregate::events)>;

template <class Aggregate, class Event>
consteval void check_event_of() {
    static_assert(event_of<Event, Aggregate>,
                  "this event is not one of the aggregate's: add it to the `events` of the aggregate, and an "
                  "`evolve` that takes it");
}

}  // namespace detail

/// The answer of `Aggregate` to a command: return accept(…) or reject(…) from a `decide` that returns this type.
///
///     stele::decision<account> decide(const DepositMoney& command) const {
///         if (!open) return stele::reject("not_open", "the account is closed");
///         return stele::accept(deposited(command.amount()));
///     }
///
/// Only events that the aggregate lists in its `events` are taken; another one does not compile. Owns the events.
template <class Aggregate>
class decision : public detail::any_decision {
public:
    // Not explicit: `return stele::accept(…)` is how it is meant to be made.
    template <class... Events>
    decision(accepted<Events...> accepted) : any_decision(std::move(accepted.events)) {
        (detail::check_event_of<Aggregate, Events>(), ...);
    }
    decision(stele::rejection why) : any_decision(std::move(why)) {}

    /// Adds an event after those that are there, for a command that makes as many events as its data ask for:
    ///
    ///     stele::decision<order> all = stele::accept();
    ///     for (const auto& line : command.lines()) all.add(line_added(line));
    ///     return all;
    ///
    /// Throws stele::error (invalid_argument) if this is a rejection.
    template <class Event>
    decision& add(Event event) {
        detail::check_event_of<Aggregate, Event>();
        add_event(std::make_unique<Event>(std::move(event)));
        return *this;
    }
};

template <class... Events>
accepted<std::remove_cvref_t<Events>...> accept(Events&&... events) {
    static_assert((std::derived_from<std::remove_cvref_t<Events>, google::protobuf::Message> && ...),
                  "accept takes events: generated Protobuf messages");
    accepted<std::remove_cvref_t<Events>...> result;
    result.events.reserve(sizeof...(Events));
    (result.events.push_back(std::make_unique<std::remove_cvref_t<Events>>(std::forward<Events>(events))), ...);
    return result;
}

}  // namespace stele::inline v0
