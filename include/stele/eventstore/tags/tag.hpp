#pragma once

#include <stele/eventstore/tags/tag_list.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tags whose keys the compiler knows, and how an event says which it carries (docs/decision-models.md).
///
/// A domain names its keys once, and beside its events, in their namespace, what each is about:
///
///     namespace school {
///     inline constexpr stele::tag_key<"course"> course_tag;
///     inline constexpr stele::tag_key<"student"> student_tag;
///
///     inline auto tags_of(const CourseOpened& e) { return course_tag(e.course()); }
///     inline auto tags_of(const Enrolled& e) { return stele::tags(course_tag(e.course()), student_tag(e.student())); }
///     }
///
/// The codec finds `tags_of` by argument-dependent look-up and stores the tags with the event; nobody else calls it. It
/// is pure, and it is declared before an event is used, best in one header that includes the generated one.
namespace stele::inline v0 {

namespace detail {

/// A text as an argument of a template.
template <std::size_t Size>
struct literal {
    char text[Size] = {};

    consteval literal(const char (&from)[Size]) { std::copy(from, from + Size, text); }  // NOLINT
    [[nodiscard]] constexpr std::string_view view() const { return {text, Size - 1}; }
};

/// Half of a tag is left for the value.
constexpr bool is_tag_key(std::string_view key) {
    const auto is_bad = [](char c) { return c == ':' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    return !key.empty() && key.size() <= max_tag_bytes / 2 && std::ranges::none_of(key, is_bad);
}

}  // namespace detail

/// A tag with this key. Made by a tag_key; owns its text.
template <class Key>
class tag {
public:
    /// For tag_key. Throws stele::error (invalid_argument) for a value that makes no tag: an empty one, for example.
    explicit tag(std::string_view value) : list_({std::string{Key::name()}.append(1, ':').append(value)}) {}

    /// "key:value".
    [[nodiscard]] const std::string& text() const& noexcept { return list_.text(); }
    [[nodiscard]] std::string text() const&& { return list_.text(); }  ///< By value, of a temporary.

private:
    tag_list list_;
};

/// The key of tags, a constant. Called with a value it makes a tag: `course_tag("c1")` is "course:c1".
template <detail::literal Key>
struct tag_key {
    static_assert(detail::is_tag_key(Key.view()),
                  "the key of a tag has 1 to 128 bytes, no ':' and no control character: "
                  "`inline constexpr stele::tag_key<\"course\"> course_tag;`");

    /// The key itself.
    static constexpr std::string_view name() { return Key.view(); }

    /// Makes a tag. Throws stele::error (invalid_argument) for an empty value, one that is not UTF-8 or contains a
    /// control character, and one with which the tag would have more than 256 bytes.
    [[nodiscard]] tag<tag_key> operator()(std::string_view value) const { return tag<tag_key>{value}; }
    /// Makes a tag of a number.
    template <std::integral Number>
        requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
    [[nodiscard]] tag<tag_key> operator()(Number number) const {
        return tag<tag_key>{std::to_string(number)};
    }
};

/// Tags whose keys the compiler knows. Made by tags().
template <class... Keys>
class tag_set {
public:
    /// For tags().
    explicit tag_set(tag_list list) : list_(std::move(list)) {}

    /// The tags themselves.
    [[nodiscard]] const tag_list& list() const& noexcept { return list_; }
    [[nodiscard]] tag_list list() && { return std::move(list_); }  ///< By value, of a temporary.

private:
    tag_list list_;
};

namespace detail {

template <class Key>
void add_to(tag_list& list, const tag<Key>& one) {
    list.add(one.text());
}
template <class Key>
void add_to(tag_list& list, const std::optional<tag<Key>>& perhaps) {
    if (perhaps) list.add(perhaps->text());
}
template <class Key>
void add_to(tag_list& list, const std::vector<tag<Key>>& several) {
    for (const auto& each : several) list.add(each.text());
}

/// The key of what tags() takes.
template <class Tag>
struct key_of_tag {};
template <class Key>
struct key_of_tag<tag<Key>> {
    using type = Key;
};
template <class Key>
struct key_of_tag<std::optional<tag<Key>>> : key_of_tag<tag<Key>> {};
template <class Key>
struct key_of_tag<std::vector<tag<Key>>> : key_of_tag<tag<Key>> {};

template <class Tag>
concept made_by_key = requires { typename key_of_tag<Tag>::type; };

/// One tag is a set of one.
template <class... Keys>
tag_set<Keys...> as_tag_set(tag_set<Keys...> set) {
    return set;
}
template <made_by_key Tag>
tag_set<typename key_of_tag<Tag>::type> as_tag_set(const Tag& one) {
    tag_list list;
    add_to(list, one);
    return tag_set<typename key_of_tag<Tag>::type>{std::move(list)};
}

template <class Type>
concept makes_tag_set = requires(const Type& value) { as_tag_set(value); };

}  // namespace detail

/// Puts tags together, for `tags_of`: each is a tag, or a std::optional or a std::vector of tags, whose number is known
/// only at run time. In a boundary (decision_model.hpp): the events that carry all of these.
/// Throws stele::error (invalid_argument) for more than 32.
template <class... Tags>
[[nodiscard]] auto tags(const Tags&... each) {
    static_assert(
        (detail::made_by_key<Tags> && ...),
        "stele::tags takes tags that a stele::tag_key has made, for example `course_tag(event.course())`, or a "
        "std::optional or std::vector of them");
    if constexpr ((detail::made_by_key<Tags> && ...)) {
        tag_list list;
        (detail::add_to(list, each), ...);
        return tag_set<typename detail::key_of_tag<Tags>::type...>{std::move(list)};
    }
}

}  // namespace stele::inline v0
