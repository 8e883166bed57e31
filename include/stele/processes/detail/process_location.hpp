#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/other_form.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/processes/process_limits.hpp>

#include <algorithm>
#include <concepts>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

/// Which instances of a process an event belongs to, and whether it may start one; checked at compile time.
namespace stele::inline v0::detail {

template <class Names>
concept one_instance = std::convertible_to<Names, std::string>;
template <class Names>
concept several_instances = !one_instance<Names> && std::ranges::input_range<Names> &&
                            std::convertible_to<std::ranges::range_reference_t<Names>, std::string_view>;
template <class Names>
concept instance_names = one_instance<Names> || several_instances<Names>;

template <class P, class Event>
concept locates_at = requires(const Event& event, const recorded_event& at) {
    { P::instance_id(event, at) } -> instance_names;
};
template <class P, class Event>
concept locates_alone = requires(const Event& event) {
    { P::instance_id(event) } -> instance_names;
};
template <class P, class Event>
concept locates = locates_at<P, Event> || locates_alone<P, Event>;

/// It is there in another form.
template <class P, class Event>
concept locates_otherwise = !locates<P, Event> && called_otherwise<instance_id_call, P, Event, recorded_event>;

/// A type that only a generic function takes.
struct any_event {};

/// Where a function takes the event alone and another takes it with its recorded_event, the second is called; but not
/// if that is generic and the first is for this event. Probed only where both are there, as a probe of a generic
/// function that returns `auto` compiles its body.
template <class P, class Event>
consteval bool locates_by_event() {
    if constexpr (locates_at<P, Event> && locates_alone<P, Event>)
        return locates_at<P, any_event> && !locates_alone<P, any_event>;
    else
        return locates_alone<P, Event>;
}

template <class P, class Event>
consteval void check_location() {
    static_assert(!locates_otherwise<P, Event>,
                  "`instance_id` of this event has another form: make it "
                  "`static std::string instance_id(const Event& event)`, or let it return a range of names such as "
                  "`std::vector<std::string>`");
    static_assert(
        locates<P, Event> || locates_otherwise<P, Event>,
        "add to the process a public `static std::string instance_id(const Event& event)` that takes this event: "
        "it returns the instance that the event belongs to, or \"\" if it belongs to none");
}

/// Adds the names that `instance_id` returned, each once and in order.
template <instance_names Names>
void add_instances(std::vector<std::string>& all, Names&& names) {
    if constexpr (one_instance<Names>) {
        all.emplace_back(std::forward<Names>(names));
    } else {
        for (auto&& name : names) {
            const std::string_view text = name;
            if (std::ranges::find(all, text) == all.end()) all.emplace_back(text);
            if (all.size() > max_instances_per_event) return;  // the caller refuses that many
        }
    }
}

/// The instances that an event belongs to. Throws what `instance_id` throws, and stele::error (invalid_argument) if
/// they are more than max_instances_per_event.
template <class P, class Event>
std::vector<std::string> instances_of(const Event& event, const recorded_event& at) {
    std::vector<std::string> all;
    call_handler([&] {
        if constexpr (locates_by_event<P, Event>())
            add_instances(all, P::instance_id(event));
        else
            add_instances(all, P::instance_id(event, at));
    });
    check_instances(P::name, all.size());
    return all;
}

template <class P>
concept lists_starts = requires { P::starts; };

/// Whether this event may start an instance of P: every one may, unless P has a list `starts`.
template <class P, class Event>
consteval bool may_start() {
    if constexpr (lists_starts<P>)
        return listed_in<Event, decltype(P::starts)>;
    else
        return true;
}

/// Checks the list `starts` of P, if there is one.
template <class P>
consteval bool check_starts() {
    if constexpr (lists_starts<P>) {
        static_assert(sizeof(as_type_list(P::starts)) > 0);  // a list, and no type twice
        return with_types(P::starts, []<class... Starts>() {
            static_assert(sizeof...(Starts) > 0,
                          "the list `starts` is empty, so no event could start an instance: name one, or take the "
                          "list out, and every event may start one");
            static_assert((listed_in<Starts, decltype(P::events)> && ...),
                          "each event in `starts` must be in the `events` of the process: add it there, or take it "
                          "out of `starts`");
            return true;
        });
    }
    return true;
}

}  // namespace stele::inline v0::detail
