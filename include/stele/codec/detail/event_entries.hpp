#pragma once

#include <stele/codec/detail/event_table.hpp>
#include <stele/codec/detail/event_tags.hpp>
#include <stele/codec/upcast.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <boost/hana/core/is_a.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/unpack.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// From the list of events of a consumer, and its upcasters, to every type name under which those events are stored.
namespace stele::inline v0::detail {

template <class Visitor>
void visit_ignored(const auto& items, Visitor& visitor) {
    const auto visit = [&](const auto& item) {
        if constexpr (requires { std::string_view{item}; })
            visitor.ignored(std::string_view{item});
        else
            visitor.ignored(std::string_view{std::remove_cvref_t<decltype(item)>::type::descriptor()->full_name()});
    };
    boost::hana::unpack(items, [&](const auto&... each) { (visit(each), ...); });
}

template <class Consumer, class Event, class... Upcasters, class Visitor>
void visit_event(upcaster_pack<Upcasters...>, Visitor& visitor) {
    if constexpr (removal<Event>) {
        if constexpr (requires { visitor.template removed<Event>(); }) visitor.template removed<Event>();
        return;
    }
    static_assert(removal<Event> || std::derived_from<Event, google::protobuf::Message>,
                  "each type in `events` must be a generated Protobuf message, and its .pb.h included");
    static_assert(!(outdated_in<Event, Upcasters> || ...),
                  "this event is `outdated` in the upcasters of the list: list in `events` what it becomes");
    static_assert(!is_ignored_by<Event, Consumer>() && !(is_ignored_by<Event, Upcasters>() || ...),
                  "this event is in `events` and in `ignored`: leave it in one of them");
    if constexpr (std::derived_from<Event, google::protobuf::Message>) {
        use_tags<Event>();
        const std::string_view name = Event::descriptor()->full_name();
        visitor.template taken<Event>(name);
        visitor.template stored<void, Event>(name);
    }
}

template <class Upcasters, class Visitor>
void visit_upcasters(Visitor& visitor) {
    if constexpr (lists_outdated<Upcasters>)
        with_types(Upcasters::outdated, [&]<class... Old>() {
            (visitor.template stored<Upcasters, Old>(Old::descriptor()->full_name()), ...);
        });
    if constexpr (lists_aliases<Upcasters>)
        boost::hana::unpack(Upcasters::aliases, [&]<class... Aliases>(const Aliases&... aliases) {
            (visitor.template stored<Upcasters, typename Aliases::event>(aliases.name), ...);
        });
    if constexpr (lists_ignored<Upcasters>) visit_ignored(Upcasters::ignored, visitor);
}

/// Calls, for a consumer, `visitor.taken<Event>(name)` for each of its events, `visitor.stored<Upcasters, Event>(name)`
/// for each type name under which events are stored that it may get (Upcasters is void for its own events),
/// `visitor.ignored(name)` for each type name that is ignored, and, if the visitor has it, `visitor.removed<Removal>()`
/// for each kind of removal that it hears of.
template <class Consumer, class Visitor>
void visit_stored_types(Visitor& visitor) {
    static_assert(lists_events<Consumer>,
                  "add the list of events: `static constexpr auto events = hana::tuple_t<FirstEvent, SecondEvent>;`");
    using upcasters = decltype(upcasters_in(Consumer::events));
    with_types(Consumer::events,
               [&]<class... Events>() { (visit_event<Consumer, Events>(upcasters{}, visitor), ...); });
    [&]<class... Upcasters>(upcaster_pack<Upcasters...>) { (visit_upcasters<Upcasters>(visitor), ...); }(upcasters{});
    if constexpr (lists_ignored<Consumer>) visit_ignored(Consumer::ignored, visitor);
}

/// A binding whose consumer skips what it does not take: `static constexpr bool skips_others = true;`.
template <class Binding>
concept skips_others = requires { requires Binding::skips_others; };

template <class Consumer>
concept lists_categories = requires { Consumer::categories; };

/// The categories whose streams concern a consumer; empty: all.
template <class Consumer>
std::vector<std::string> categories_of_consumer() {
    if constexpr (lists_categories<Consumer>)
        return boost::hana::unpack(Consumer::categories, [](const auto&... names) {
            static_assert(sizeof...(names) > 0, "the list `categories` is empty: name a category, or take it out");
            return checked_categories({std::string_view{names}...});
        });
    else
        return {};
}

/// A static member `tags`, whatever it is.
template <class Consumer>
concept has_tags_member = requires { requires std::is_pointer_v<decltype(&Consumer::tags)>; };

/// The tags without which an event does not concern a consumer; empty: all events do.
template <class Consumer>
tag_list tags_of_consumer() {
    if constexpr (has_tags_member<Consumer>) {
        static_assert(boost::hana::is_a<boost::hana::tuple_tag, decltype(Consumer::tags)>,
                      "write the list of tags as `static constexpr auto tags = hana::make_tuple(\"region:eu\");`");
        return boost::hana::unpack(Consumer::tags, [](const auto&... tags) {
            static_assert(sizeof...(tags) > 0, "the list `tags` is empty: name a tag, or take it out");
            return tag_list{std::string_view{tags}...};
        });
    } else {
        return {};
    }
}

/// Hands the record of a removal to a binding.
template <class Binding, class Removal>
void handle_removal(void* context, const google::protobuf::Message& record, const recorded_event& at) {
    Binding::deliver(context, read_removal<Removal>(record), at);
}

/// Collects the entries of the table of a consumer.
template <class Consumer, class Binding>
class entry_list {
public:
    explicit entry_list(std::string consumer) : consumer_(std::move(consumer)) { visit_stored_types<Consumer>(*this); }

    /// Moves the entries out.
    [[nodiscard]] event_table table() && {
        tag_list tags;
        if constexpr (skips_others<Binding>) tags = tags_of_consumer<Consumer>();
        return {std::move(consumer_), std::move(entries_), categories_of_consumer<Consumer>(), std::move(tags)};
    }

    template <class Event>
    void taken(std::string_view name) {
        [&]<class... Upcasters>(upcaster_pack<Upcasters...>) {
            expect_upcasters(name, {&typeid(Upcasters)...}, consumer_);
        }(decltype(upcasters_in(Consumer::events)){});
    }

    template <class Upcasters, class Event>
    void stored(std::string_view name) {
        constexpr outcome becomes = outcome_visitor<Consumer, Upcasters>::template visit<Event>();
        static_assert(skips_others<Binding> || !becomes.taken || !becomes.lost,
                      "this outdated event becomes several, and the consumer has some of them in its `events` and "
                      "others nowhere: add those to its `events` or to its `ignored`");
        if constexpr (taken_by<Event, Consumer>)
            entries_.push_back({name, &Event::default_instance(), &Binding::template handle<Event>});
        else if constexpr (becomes.taken)
            entries_.push_back({name, &Event::default_instance(),
                                &upcast_handler<Consumer, Binding, Upcasters>::template handle<Event>});
        else if constexpr (!becomes.lost)
            ignored(name);
    }

    template <class Removal>
    void removed() {
        constexpr bool can_hear =
            requires(const Removal& removal, const recorded_event& at) { Binding::deliver(nullptr, removal, at); };
        static_assert(can_hear,
                      "only decode_each, projections and their effects hear of removals: take stele::stream_deleted "
                      "and stele::stream_truncated out of the `events` of this aggregate or process. To decide "
                      "something when events are removed, append an event of your own");
        if constexpr (can_hear)
            for (const auto& [type, prototype] : removal_records<Removal>())
                entries_.push_back({type, prototype, &handle_removal<Binding, Removal>, true});
    }

    void ignored(std::string_view name) {
        // A consumer that skips others needs no entry; and a table that stays the same needs no rebuild.
        if constexpr (!skips_others<Binding>) entries_.push_back({.type = name});
    }

private:
    std::string consumer_;
    std::vector<event_entry> entries_;
};

/// Returns the table that sends the events of `Consumer::events` to a binding: built on first use. Any thread may call
/// it.
///
/// A binding is a struct with two static functions: `consumer()` returns the name that event_table wants, and the
/// template `handle<Event>` is an event_handler. Keep it thin: cast and call. A static_assert in it is the place to say
/// what a user must add for an event. See also skips_others. A binding whose consumer may hear of removals has a third
/// function, `deliver(context, removal, at)`.
template <class Consumer, class Binding>
const event_table& event_table_of() {
    static const event_table table = entry_list<Consumer, Binding>{Binding::consumer()}.table();
    return table;
}

}  // namespace stele::inline v0::detail
