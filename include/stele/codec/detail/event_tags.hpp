#pragma once

#include <stele/eventstore/tags/tag.hpp>

#include <google/protobuf/message.h>

#include <concepts>
#include <type_traits>
#include <utility>

/// How the codec finds the tags of an event: `tags_of`, beside the event. What sees the type of an event at compile
/// time keeps the function in mind; what has a message without its type asks for it.
namespace stele::inline v0::detail {

template <class Event>
concept has_tags_of = requires(const Event& event) { tags_of(event); };

// What is there but does not fit: to add another one would not help.
template <class Event>
concept has_tags_of_otherwise = !has_tags_of<Event> && requires(Event& event) { tags_of(event); };

template <class Event>
concept makes_tags = requires(const Event& event) {
    { tags_of(event) } -> makes_tag_set;
};

/// The type of the tags of an event: a tag_set, without keys if it carries none.
template <class Event>
consteval auto tag_set_type() {
    if constexpr (makes_tags<Event>)
        return std::type_identity<decltype(as_tag_set(tags_of(std::declval<const Event&>())))>{};
    else
        return std::type_identity<tag_set<>>{};
}
template <class Event>
using tag_set_of = typename decltype(tag_set_type<Event>())::type;

template <class Key, class Set>
struct set_has_key : std::false_type {};
template <class Key, class... Keys>
struct set_has_key<Key, tag_set<Keys...>> : std::bool_constant<(std::same_as<Key, Keys> || ...)> {};

/// Whether an event may carry a tag with this key.
template <class Event, class Key>
concept carries = set_has_key<Key, tag_set_of<Event>>::value;

using tags_function = tag_list (*)(const google::protobuf::Message& event);

/// Keeps in mind how the tags of a message are found. Called before main().
bool register_tags(const google::protobuf::Descriptor* (*type)(), tags_function tags);

/// The tags of a message whose type some source of the program has used as an event; none if it has no `tags_of`.
/// Throws what that throws. Any thread may call it.
tag_list tags_of_message(const google::protobuf::Message& event);

template <class Event>
inline const bool tags_are_registered = register_tags(&Event::descriptor, [](const google::protobuf::Message& event) {
    return as_tag_set(tags_of(static_cast<const Event&>(event))).list();
});

/// For everything that takes an event by its type. Does nothing at run time.
template <class Event>
constexpr void use_tags() {
    static_assert(!has_tags_of_otherwise<Event>,
                  "`tags_of` of this event has another form: take it by const reference, "
                  "`inline auto tags_of(const Event& event) { return course_tag(event.course()); }`");
    static_assert(makes_tags<Event> || !has_tags_of<Event>,
                  "`tags_of` of this event returns something else than tags: return one that a stele::tag_key has "
                  "made, `course_tag(event.course())`, or several, `stele::tags(course_tag(event.course()), …)`");
    if constexpr (makes_tags<Event>) static_cast<void>(&tags_are_registered<Event>);
}

}  // namespace stele::inline v0::detail
