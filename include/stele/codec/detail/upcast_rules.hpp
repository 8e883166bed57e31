#pragma once

#include <stele/codec/detail/other_form.hpp>
#include <stele/codec/detail/type_list.hpp>
#include <stele/eventstore/event.hpp>

#include <google/protobuf/message.h>

#include <concepts>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

/// The upcasters of upcast.hpp as the compiler sees them: whether they are sound, what an event becomes, and to which
/// events they lead.
namespace stele::inline v0::detail {

template <class... Upcasters>
struct upcaster_pack {};
template <class Events, class... Upcasters>
upcaster_pack<Upcasters...> upcasters_in(const upcast_list<Events, Upcasters...>&);
upcaster_pack<> upcasters_in(...);

/// A list of events with the upcasters of another list.
template <class Other, class Events>
constexpr auto with_upcasters_of(const Other& other, const Events& events) {
    return [&]<class... Upcasters>(upcaster_pack<Upcasters...>) {
        if constexpr (sizeof...(Upcasters) == 0)
            return events;
        else
            return upcast_list<Events, Upcasters...>{events};
    }(decltype(upcasters_in(other)){});
}

template <class Consumer>
concept lists_events = requires { Consumer::events; };
template <class Type>
concept lists_ignored = requires { Type::ignored; };
template <class Upcasters>
concept lists_outdated = requires { Upcasters::outdated; };
template <class Upcasters>
concept lists_aliases = requires { Upcasters::aliases; };

template <class Event, class Consumer>
concept taken_by = listed_in<Event, decltype(Consumer::events)>;
template <class Event, class Upcasters>
concept outdated_in = lists_outdated<Upcasters> && listed_in<Event, decltype(Upcasters::outdated)>;
template <class Event, class Upcasters>
concept has_upcast = requires(const Event& event) { Upcasters::upcast(event); };
template <class Event, class Upcasters>
concept has_upcast_otherwise = !has_upcast<Event, Upcasters> && called_otherwise<upcast_call, Upcasters, Event>;
template <class Event, class Upcasters>
using upcast_result = std::remove_cvref_t<decltype(Upcasters::upcast(std::declval<const Event&>()))>;

/// Calls `Visitor::visit<Event>()` for each type of event that an upcaster which returns Result may lead to, and joins
/// the values with `|`.
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

/// What an event becomes for one consumer.
struct outcome {
    bool taken = false;  ///< Some of the results are taken.
    bool lost = false;   ///< Some of the results are neither taken nor ignored.
    friend constexpr outcome operator|(outcome a, outcome b) { return {a.taken || b.taken, a.lost || b.lost}; }
};

/// Whether a list `ignored` has the type itself. (A name in it is compared when the table is made.)
template <class Event, class Type>
consteval bool is_ignored_by() {
    if constexpr (lists_ignored<Type>) {
        constexpr auto has = []<class... Items>(const boost::hana::tuple<Items...>&) {
            return (std::same_as<std::remove_cvref_t<Items>, boost::hana::type<Event>> || ...);
        };
        static_assert(std::invocable<decltype(has), decltype(Type::ignored)>,
                      "`ignored` is no list: make it `hana::make_tuple(hana::type_c<First>, \"shop.Second\")`");
        if constexpr (std::invocable<decltype(has), decltype(Type::ignored)>) return has(Type::ignored);
    }
    return false;
}

template <class Consumer, class Upcasters>
struct outcome_visitor {
    using result = outcome;

    template <class Event>
    static consteval outcome visit() {
        if constexpr (taken_by<Event, Consumer>)
            return {.taken = true};
        else if constexpr (outdated_in<Event, Upcasters>)
            return for_results<outcome_visitor, upcast_result<Event, Upcasters>>::value;
        else
            return {.lost = !is_ignored_by<Event, Consumer>() && !is_ignored_by<Event, Upcasters>()};
    }
};

/// Checks the upcasters that an event passes through. `Path` are the outdated events that led to it.
template <class Upcasters, class... Path>
struct upcaster_check {
    struct result {
        bool sound = true;
        friend constexpr result operator|(result a, result b) { return {a.sound && b.sound}; }
    };

    template <class Event>
    static consteval result visit() {
        constexpr bool is_message = std::derived_from<Event, google::protobuf::Message>;
        constexpr bool in_circle = (std::same_as<Event, Path> || ...);
        static_assert(is_message,
                      "upcast returns a message, stele::no_events, or a std::optional, std::vector, std::variant or "
                      "std::tuple of messages");
        static_assert(!in_circle, "these upcasters go in a circle: an outdated event becomes itself again");
        if constexpr (!is_message || in_circle) {
            return {false};
        } else if constexpr (!outdated_in<Event, Upcasters>) {
            static_assert(!has_upcast<Event, Upcasters>,
                          "this event has an `upcast` and is not in `outdated`: add it there, or the stored ones are "
                          "delivered to nobody");
            return {!has_upcast<Event, Upcasters>};
        } else {
            static_assert(!has_upcast_otherwise<Event, Upcasters>,
                          "`upcast` of this event has another form: make it static, "
                          "`static NewEvent upcast(const Event& old);`");
            static_assert(
                has_upcast<Event, Upcasters> || has_upcast_otherwise<Event, Upcasters>,
                "this event is in `outdated`: add to the upcasters `static NewEvent upcast(const Event& old);`");
            if constexpr (has_upcast<Event, Upcasters>)
                return {for_results<upcaster_check<Upcasters, Path..., Event>, upcast_result<Event, Upcasters>>::value
                            .sound};
            else
                return {false};
        }
    }
};

/// The result of the functions below, which stand beside the overloads of `upcast` that a struct has: which one the
/// compiler chooses tells what those take.
struct no_upcast {};

struct has_upcast_name {
    void upcast();
};
template <class Upcasters>
struct with_upcast_name : Upcasters, has_upcast_name {};
/// Whether there is any `upcast`: then the name stands for two functions here.
template <class Upcasters>
concept names_upcast = !requires { &with_upcast_name<Upcasters>::upcast; };

/// Converts to every message that is not in `outdated`.
template <class Upcasters>
struct unlisted_event {
    template <class Event>
        requires(std::derived_from<Event, google::protobuf::Message> &&
                 !std::same_as<Event, google::protobuf::Message> && !outdated_in<Event, Upcasters>)
    operator const Event&() const;  // NOLINT(google-explicit-constructor)
};
template <class Upcasters>
struct with_last_upcast : Upcasters {
    using Upcasters::upcast;
    static no_upcast upcast(...);
};
/// Whether no `upcast` takes such a message: then only the last one is left. With one that does, it is chosen; with
/// several, the call is ambiguous.
template <class Upcasters>
concept upcasts_nothing_unlisted = requires(const unlisted_event<Upcasters>& event) {
    { with_last_upcast<Upcasters>::upcast(event) } -> std::same_as<no_upcast>;
};

/// A final class cannot be asked.
template <class Upcasters>
concept can_be_asked = !std::is_final_v<Upcasters> && names_upcast<Upcasters>;

template <class Upcasters>
consteval bool upcasts_only_outdated() {
    if constexpr (can_be_asked<Upcasters>)
        return upcasts_nothing_unlisted<Upcasters>;
    else
        return true;
}

template <class Upcasters>
consteval bool is_sound() {
    if constexpr (lists_outdated<Upcasters>) {
        static_assert(sizeof(as_type_list(Upcasters::outdated)) > 0);  // no type twice
        return with_types(Upcasters::outdated, []<class... Old>() {
            return (upcaster_check<Upcasters>::template visit<Old>().sound && ...);
        });
    }
    return true;
}

template <class Upcasters>
consteval bool check_upcasters() {
    static_assert(lists_outdated<Upcasters> || lists_aliases<Upcasters> || lists_ignored<Upcasters>,
                  "the struct of the upcasters has none of the lists `outdated`, `aliases` and `ignored`: add one");
    constexpr bool sound = is_sound<Upcasters>();
    if constexpr (sound)
        static_assert(upcasts_only_outdated<Upcasters>(),
                      "this struct of upcasters has an `upcast` for a message that is not in its list `outdated`: add "
                      "the message there, or its stored events are not upcast");
    return sound;
}

/// The events of today that upcasters lead to.
template <class... Events>
struct target_list {};
template <class... A, class... B>
constexpr target_list<A..., B...> operator|(target_list<A...>, target_list<B...>) {
    return {};
}

template <class Upcasters>
struct target_visitor {
    using result = target_list<>;

    template <class Event>
    static consteval auto visit() {
        if constexpr (outdated_in<Event, Upcasters>)
            return for_results<target_visitor, upcast_result<Event, Upcasters>>::value;
        else
            return target_list<Event>{};
    }
};

/// Returns the full names of these events.
template <class Upcasters>
std::vector<std::string_view> names_of_targets() {
    std::vector<std::string_view> names;
    const auto add = [&]<class... Events>(target_list<Events...>) {
        (names.push_back(Events::descriptor()->full_name()), ...);
    };
    if constexpr (lists_outdated<Upcasters>)
        with_types(Upcasters::outdated,
                   [&]<class... Old>() { (add(target_visitor<Upcasters>::template visit<Old>()), ...); });
    if constexpr (lists_aliases<Upcasters>)
        [&]<class... Aliases>(const boost::hana::tuple<Aliases...>&) {
            (add(target_visitor<Upcasters>::template visit<typename Aliases::event>()), ...);
        }(Upcasters::aliases);
    return names;
}

/// Keeps in mind that the program has these upcasters. Called before main().
bool register_upcasters(const std::type_info& upcasters, std::vector<std::string_view> (*targets)());

template <class Upcasters>
inline const bool registered = register_upcasters(typeid(Upcasters), &names_of_targets<Upcasters>);

/// Passes an event, or what an upcaster returned, through the remaining upcasters to the binding of the consumer.
template <class Consumer, class Binding, class Upcasters>
struct upcast_handler {
    void* context;
    const recorded_event& at;

    template <std::derived_from<google::protobuf::Message> Event>
    void operator()(const Event& event) const {
        if constexpr (taken_by<Event, Consumer>)
            Binding::template handle<Event>(context, event, at);
        else if constexpr (outdated_in<Event, Upcasters>)
            (*this)(Upcasters::upcast(event));
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
        upcast_handler{to, where}(static_cast<const Event&>(event));
    }
};

}  // namespace stele::inline v0::detail
