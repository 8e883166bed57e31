#pragma once

#include <stele/codec/detail/type_list.hpp>
#include <stele/eventstore/event.hpp>

#include <google/protobuf/message.h>

#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The histories of upcast.hpp as the compiler sees them: which one an event has, whether it is sound, and what becomes
/// of an event on its way through the steps.
namespace stele::inline v0::detail {

template <class Taker>
concept lists_events = requires { Taker::events; };
template <class Type>
concept lists_ignored = requires { Type::ignored; };
template <class History>
concept lists_outdated = requires { History::outdated; };
template <class History>
concept lists_aliases = requires { History::aliases; };

/// The history of an event whose namespace declares none.
struct no_history {};

template <class Event>
concept declares_history = requires(const Event& event) { stele_history(event); };  // found by its namespace

template <class Event>
consteval auto find_history() {
    if constexpr (declares_history<Event>)
        return std::type_identity<std::remove_cvref_t<decltype(stele_history(std::declval<const Event&>()))>>{};
    else
        return std::type_identity<no_history>{};
}
template <class Event>
using history_of = typename decltype(find_history<Event>())::type;

template <class Event, class Taker>
concept taken_by = listed_in<Event, decltype(Taker::events)>;
template <class Event, class History>
concept outdated_in = lists_outdated<History> && listed_in<Event, decltype(History::outdated)>;
template <class Event, class History>
concept has_step = requires(const Event& event) { History::upcast(event); };
template <class Event, class History>
using step_result = std::remove_cvref_t<decltype(History::upcast(std::declval<const Event&>()))>;

/// Calls `Visitor::visit<Event>()` for each type of event that a step which returns Result may lead to, and joins
/// what that gives with `|`.
template <class Visitor, class Result>
struct for_results {
    static constexpr auto value = Visitor::template visit<Result>();
};
template <class Visitor, class Result>
struct for_results<Visitor, std::optional<Result>> : for_results<Visitor, Result> {};
template <class Visitor, class Result>
struct for_results<Visitor, std::vector<Result>> : for_results<Visitor, Result> {};
template <class Visitor, class... Results>
struct for_results<Visitor, std::tuple<Results...>> {
    static constexpr auto value = (typename Visitor::result{} | ... | for_results<Visitor, Results>::value);
};
template <class Visitor, class... Results>
struct for_results<Visitor, std::variant<Results...>> : for_results<Visitor, std::tuple<Results...>> {};

/// What becomes of an event for one taker.
struct fate {
    bool taken = false;  ///< some of what it becomes is taken
    bool lost = false;   ///< some of what it becomes is neither taken nor ignored
    friend constexpr fate operator|(fate a, fate b) { return {a.taken || b.taken, a.lost || b.lost}; }
};

/// Whether a list `ignored` has the type itself. (A name in it is compared when the table is made.)
template <class Event, class Type>
consteval bool is_ignored_by() {
    if constexpr (lists_ignored<Type>)
        return boost::hana::unpack(Type::ignored, []<class... Items>(const Items&...) {
            return (std::same_as<std::remove_cvref_t<Items>, boost::hana::type<Event>> || ...);
        });
    else
        return false;
}

template <class Taker, class History>
struct fate_visitor {
    using result = fate;

    template <class Event>
    static consteval fate visit() {
        if constexpr (taken_by<Event, Taker>)
            return {.taken = true};
        else if constexpr (outdated_in<Event, History>)
            return for_results<fate_visitor, step_result<Event, History>>::value;
        else
            return {.lost = !is_ignored_by<Event, Taker>() && !is_ignored_by<Event, History>()};
    }
};

/// Checks the steps from an event on. `Path` are the outdated events that led to it.
template <class History, class... Path>
struct step_checker {
    struct result {
        friend constexpr result operator|(result, result) { return {}; }
    };

    template <class Event>
    static consteval result visit() {
        constexpr bool in_circle = (std::same_as<Event, Path> || ...);
        static_assert(std::derived_from<Event, google::protobuf::Message>,
                      "upcast returns a message, stele::no_events, or a std::optional, std::vector, std::variant or "
                      "std::tuple of messages");
        static_assert(!in_circle, "the steps of this history go in a circle: an outdated event becomes itself again");
        static_assert(std::same_as<history_of<Event>, History>,
                      "this event is in a history that cannot be found from it: declare "
                      "`history stele_history(const google::protobuf::Message&);` in the namespace of the event");
        if constexpr (outdated_in<Event, History> && !in_circle) {
            static_assert(
                has_step<Event, History>,
                "this event is in `outdated`: add to the history `static NewEvent upcast(const Event& old);`");
            if constexpr (has_step<Event, History>)
                static_cast<void>(
                    for_results<step_checker<History, Path..., Event>, step_result<Event, History>>::value);
        } else if constexpr (!in_circle) {
            static_assert(!has_step<Event, History>,
                          "this event has a step `upcast` and is not in `outdated`: add it there, or nobody is handed "
                          "those that are stored");
        }
        return {};
    }
};

template <class History>
consteval bool check_history() {
    if constexpr (lists_outdated<History>) {
        static_assert(sizeof(as_type_list(History::outdated)) > 0);  // no type twice
        with_types(History::outdated,
                   []<class... Old>() { (static_cast<void>(step_checker<History>::template visit<Old>()), ...); });
    }
    return true;
}

/// Takes an event, or what a step returned, through the steps that are left, to the binding of the taker.
template <class Taker, class Binding, class History>
struct upcaster {
    void* context;
    const recorded_event& at;

    template <std::derived_from<google::protobuf::Message> Event>
    void operator()(const Event& event) const {
        if constexpr (taken_by<Event, Taker>)
            Binding::template handle<Event>(context, event, at);
        else if constexpr (outdated_in<Event, History>)
            (*this)(History::upcast(event));
    }
    template <class Event>
    void operator()(const std::optional<Event>& event) const {
        if (event) (*this)(*event);
    }
    template <class Event>
    void operator()(const std::vector<Event>& events) const {
        for (const auto& event : events) (*this)(event);
    }
    template <class... Events>
    void operator()(const std::tuple<Events...>& events) const {
        std::apply([this](const auto&... each) { ((*this)(each), ...); }, events);
    }
    template <class... Events>
    void operator()(const std::variant<Events...>& event) const {
        std::visit(*this, event);
    }

    template <class Event>
    static void handle(void* to, const google::protobuf::Message& event, const recorded_event& where) {
        upcaster{to, where}(static_cast<const Event&>(event));
    }
};

}  // namespace stele::inline v0::detail
