#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

/// Tags: what an event is about, beyond its stream. A tag is a text `key:value`, such as "course:c1".
///
/// The key is the part before the first ':' and has at least one byte, as the value has. A tag has at most 256 bytes of
/// UTF-8 without control characters. An event has at most 32 tags; their order means nothing, and one that is given
/// twice counts once. For tags that a compiler checks, see tag.hpp.
namespace stele::inline v0 {

template <class Key>
class tag;
template <class... Keys>
class tag_set;

/// The most bytes of one tag.
inline constexpr std::size_t max_tag_bytes = 256;
/// The most tags of one event.
inline constexpr std::size_t max_event_tags = 32;

namespace detail {

/// A tag as an argument: a text "key:value", or a tag that a tag_key has made. A view, good during the call.
class tag_argument {
public:
    template <class Text>
        requires std::convertible_to<const Text&, std::string_view>
    constexpr tag_argument(const Text& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
    template <class Key>
    tag_argument(const tag<Key>& made) : text_(made.text()) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] constexpr std::string_view text() const { return text_; }

private:
    std::string_view text_;
};

}  // namespace detail

/// The tags of an event: a view of a text that somebody else keeps. Costs no memory, and nothing for an event without
/// tags.
///
///     for (std::string_view tag : event.tags) …
///     if (event.tags.contains("course:c1")) …
class tags_view {
public:
    /// No tags.
    constexpr tags_view() = default;
    /// For stores and codecs: `text` is that of a tag_list.
    explicit constexpr tags_view(std::string_view text) : text_(text) {}

    /// Steps from tag to tag.
    class iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;

        constexpr iterator() = default;
        explicit constexpr iterator(std::string_view rest) : rest_(rest) {}
        constexpr std::string_view operator*() const { return rest_.substr(0, rest_.find(separator)); }
        constexpr iterator& operator++() {
            const auto end = rest_.find(separator);
            rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
            return *this;
        }
        constexpr iterator operator++(int) {
            const auto before = *this;
            ++*this;
            return before;
        }
        /// Both must be of one list.
        constexpr bool operator==(const iterator& other) const { return rest_.size() == other.rest_.size(); }

    private:
        std::string_view rest_ = {};
    };

    /// The first tag, in the order of bytes.
    [[nodiscard]] constexpr iterator begin() const { return iterator{text_}; }
    [[nodiscard]] constexpr iterator end() const { return {}; }  ///< After the last one.
    /// Whether there is none.
    [[nodiscard]] constexpr bool empty() const { return text_.empty(); }
    /// How many there are.
    [[nodiscard]] constexpr std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }
    /// Whether this tag, key and value, is among them: "course:c1", or course_tag("c1").
    [[nodiscard]] bool contains(detail::tag_argument tag) const noexcept;
    /// Whether all of `others` are among them.
    [[nodiscard]] bool contains_all(tags_view others) const noexcept;

    /// All tags in the order of their bytes, with a line feed between them. The same tags always have the same text.
    [[nodiscard]] constexpr std::string_view text() const { return text_; }

    friend constexpr bool operator==(tags_view, tags_view) = default;

private:
    static constexpr char separator = '\n';  // no tag contains it

    std::string_view text_ = {};
};

/// A list of tags that owns their text. Every tag in it has been checked. Write a tag as a text, or let a tag_key
/// (tag.hpp) make it, so that the compiler checks its key:
///
///     stele::event_data{.type = "school.Enrolled", .tags = {"course:c1", "student:s7"}};
///     stele::event_query{.tags = {course_tag("c1"), student_tag("s7")}};
///     stele::event_query{.tags = stele::tags(seat_tags)};  // of a std::vector
class tag_list {
public:
    /// No tags; takes no memory.
    tag_list() = default;
    /// These tags. Throws stele::error (invalid_argument), naming it, for one that is none, and for more than 32.
    tag_list(std::initializer_list<detail::tag_argument> tags);
    /// The same for a number of tags known only at run time.
    explicit tag_list(std::span<const std::string> tags);
    /// This one.
    template <class Key>
    tag_list(const tag<Key>& one) : tag_list({one}) {}  // NOLINT(google-explicit-constructor)
    /// What stele::tags() has put together.
    template <class... Keys>
    tag_list(const tag_set<Keys...>& set) : tag_list(set.list()) {}  // NOLINT(google-explicit-constructor)
    /// Copies the tags.
    explicit tag_list(tags_view tags) : text_(tags.text()) {}

    /// Adds a tag, unless it is in the list already. Throws as the constructor does; the list is unchanged then.
    void add(detail::tag_argument added);

    /// The tags as a view into this object, good until it changes or ends.
    [[nodiscard]] tags_view view() const& noexcept { return tags_view{text_}; }
    void view() const&& = delete;
    // A tag_list is looked at in the same way.
    operator tags_view() const& noexcept { return view(); }  // NOLINT(google-explicit-constructor)
    operator tags_view() const&& = delete;

    /// The first tag, in the order of bytes. It is a view into this object, good until that changes or ends.
    [[nodiscard]] tags_view::iterator begin() const& noexcept { return view().begin(); }
    [[nodiscard]] tags_view::iterator end() const& noexcept { return view().end(); }  ///< After the last one.
    void begin() const&& = delete;
    void end() const&& = delete;
    /// See tags_view::contains().
    [[nodiscard]] bool contains(detail::tag_argument tag) const noexcept { return view().contains(tag); }

    /// Whether there is none.
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    /// How many there are.
    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    /// See tags_view::text().
    [[nodiscard]] const std::string& text() const& noexcept { return text_; }
    void text() const&& = delete;

    friend bool operator==(const tag_list&, const tag_list&) = default;
    friend bool operator==(const tag_list& tags, tags_view others) noexcept { return tags.text_ == others.text(); }

private:
    std::string text_;  // as tags_view::text()
};

}  // namespace stele::inline v0
