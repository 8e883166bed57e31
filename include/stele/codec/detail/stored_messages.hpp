#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/stored_as.hpp>

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <google/protobuf/message.h>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// From consumers to every message of theirs that is stored: their events, the commands that a process keeps in its
/// journals, and the states in snapshots.
namespace stele::inline v0::detail {

/// A type as it is stored, and the message that it is.
struct stored_message {
    std::string type;                                       ///< As stored; of commands and snapshots the full name.
    const google::protobuf::Descriptor* message = nullptr;  ///< None if it is ignored.
    stele::stored_as stored_as = {};
    std::string owner = {};                      ///< The process, aggregate or projection. Events: empty.
    bool handled = true;                         ///< Whether the consumer takes or ignores what becomes of it.
    std::vector<std::string_view> becomes = {};  ///< If not handled: what becomes of it, by full name.
};

/// Aggregates know their whole past.
template <class Consumer>
concept is_aggregate = requires { Consumer::category; };

/// A process keeps commands in its journals. Those of an aggregate are not stored.
template <class Consumer>
concept keeps_commands = !is_aggregate<Consumer> && requires {
    Consumer::commands;
    { Consumer::name } -> std::convertible_to<std::string_view>;
};

template <class Consumer>
concept keeps_snapshots = requires { typename Consumer::snapshot_type; };

template <class Consumer>
std::string owner_name() {
    if constexpr (is_aggregate<Consumer>)
        return std::string{Consumer::category};
    else if constexpr (requires { std::string{Consumer::name}; })
        return std::string{Consumer::name};
    else
        return {};
}

/// Whether a list `ignored` of the consumer or of its upcasters has the type itself.
template <class Event, class Consumer>
consteval bool ignores() {
    return []<class... Upcasters>(upcaster_pack<Upcasters...>) {
        return is_ignored_by<Event, Consumer>() || (is_ignored_by<Event, Upcasters>() || ...);
    }(decltype(upcasters_in(Consumer::events)){});
}

template <class Target, class... Consumers>
consteval bool check_target() {
    constexpr bool handled = (taken_by<Target, Consumers> || ...) || (ignores<Target, Consumers>() || ...);
    static_assert(handled,
                  "these upcasters lead to an event that none of these consumers takes: name the consumer that takes "
                  "it, write the upcast that is missing, or add the event to the `ignored` of one, as "
                  "`hana::make_tuple(hana::type_c<Event>)`");
    return handled;
}

/// The events of today that the upcasters lead to, as a target_list.
template <class Upcasters>
consteval auto targets_of_outdated() {
    if constexpr (lists_outdated<Upcasters>)
        return with_types(Upcasters::outdated, []<class... Old>() {
            return (target_list<>{} | ... | target_visitor<Upcasters>::template visit<Old>());
        });
    else
        return target_list<>{};
}
template <class Upcasters>
consteval auto targets_of_aliases() {
    if constexpr (lists_aliases<Upcasters>)
        return []<class... Aliases>(const boost::hana::tuple<Aliases...>&) {
            return (target_list<>{} | ... | target_visitor<Upcasters>::template visit<typename Aliases::event>());
        }(Upcasters::aliases);
    else
        return target_list<>{};
}

template <class Upcasters, class... Consumers>
consteval bool check_targets() {
    return []<class... Targets>(target_list<Targets...>) {
        return (check_target<Targets, Consumers...>() && ...);
    }(targets_of_outdated<Upcasters>() | targets_of_aliases<Upcasters>());
}

/// Checks that everything to which the upcasters of an aggregate lead is taken or ignored by some consumer. (The
/// upcasters of a domain may lead a projection to more than it takes.)
template <class Aggregate, class... Consumers>
consteval bool check_upcast_targets() {
    return []<class... Upcasters>(upcaster_pack<Upcasters...>) {
        return (check_targets<Upcasters, Consumers...>() && ...);
    }(decltype(upcasters_in(Aggregate::events)){});
}

/// Collects what is stored of one consumer; the same type may be there several times.
template <class Consumer>
struct stored_message_list {
    std::vector<stored_message>& messages;

    template <class Event>
    void taken(std::string_view) {}

    template <class Upcasters, class Event>
    void stored(std::string_view name) {
        stored_message next{.type = std::string{name}, .message = Event::descriptor()};
        constexpr outcome becomes = outcome_visitor<Consumer, Upcasters>::template visit<Event>();
        next.handled = becomes.taken || !becomes.lost;
        if (!next.handled)
            [&]<class... Targets>(target_list<Targets...>) {
                (next.becomes.push_back(Targets::descriptor()->full_name()), ...);
            }(target_visitor<Upcasters>::template visit<Event>());
        messages.push_back(std::move(next));
    }

    void ignored(std::string_view name) { messages.push_back({.type = std::string{name}}); }

    void add(stele::stored_as kind, const google::protobuf::Descriptor* message) {
        messages.push_back(
            {.type = message->full_name(), .message = message, .stored_as = kind, .owner = owner_name<Consumer>()});
    }

    void collect() {
        visit_stored_types<Consumer>(*this);
        if constexpr (keeps_commands<Consumer>)
            with_types(Consumer::commands,
                       [&]<class... Commands>() { (add(stele::stored_as::command, Commands::descriptor()), ...); });
        if constexpr (keeps_snapshots<Consumer>) add(stele::stored_as::snapshot, Consumer::snapshot_type::descriptor());
    }
};

template <class... Consumers>
std::vector<stored_message> stored_messages_of() {
    static_assert(sizeof...(Consumers) > 0, "name the consumers: stele::record_schemas<account, balances>(store);");
    const auto check = []<class Consumer>() {
        if constexpr (is_aggregate<Consumer> && lists_events<Consumer>)
            static_assert(check_upcast_targets<Consumer, Consumers...>());
    };
    (check.template operator()<Consumers>(), ...);
    std::vector<stored_message> all;
    (stored_message_list<Consumers>{all}.collect(), ...);
    return all;
}

}  // namespace stele::inline v0::detail
