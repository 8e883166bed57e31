#include "eventstore/names.hpp"

#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0 {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_text(std::string_view part) {
    return std::ranges::none_of(part, is_control) && detail::is_utf8(part);
}

// A tag as messages show it: its key, even of a value that cannot be shown.
std::string shown(std::string_view tag) {
    if (is_text(tag)) return std::string{detail::cut_utf8(tag, max_tag_bytes / 2 + 16)};
    const auto colon = tag.find(':');
    if (colon == std::string_view::npos || !is_text(tag.substr(0, colon))) return "?";
    return fmt::format("{}:?", detail::cut_utf8(tag.substr(0, colon), max_tag_bytes / 2));
}

[[noreturn]] void refuse(std::string_view tag, std::string_view reason) {
    throw error(error_kind::invalid_argument, fmt::format("tag '{}': {}", shown(tag), reason));
}

}  // namespace

namespace detail {

void check_tag(std::string_view tag) {
    if (std::ranges::any_of(tag, is_control)) refuse(tag, "contains a control character");
    if (!is_utf8(tag)) refuse(tag, "is not valid UTF-8");
    if (tag.size() > max_tag_bytes)
        refuse(tag, fmt::format("has {} bytes, at most {} are allowed", tag.size(), max_tag_bytes));
    const auto colon = tag.find(':');
    if (colon == std::string_view::npos || colon == 0)
        refuse(tag, "has no key; write key:value, for example course:c1");
    if (colon + 1 == tag.size())
        refuse(tag, "has no value; fill in the field that it is made of, or leave the tag out where there is none");
}

}  // namespace detail

bool tags_view::contains(detail::tag_argument tag) const noexcept {
    return std::ranges::find(begin(), end(), tag.text()) != end();
}

bool tags_view::contains_all(tags_view others) const noexcept {
    auto next = begin();  // both are in order
    return std::all_of(others.begin(), others.end(), [&](std::string_view wanted) {
        while (next != end() && *next < wanted) ++next;
        return next != end() && *next == wanted;
    });
}

tag_list::tag_list(std::initializer_list<detail::tag_argument> tags) {
    for (const auto tag : tags) add(tag);
}

tag_list::tag_list(std::span<const std::string> tags) {
    for (const auto& tag : tags) add(tag);
}

void tag_list::add(detail::tag_argument added) {
    const auto tag = added.text();
    detail::check_tag(tag);
    std::size_t place = 0;
    std::size_t count = 0;
    for (const auto other : view()) {
        if (other == tag) return;
        if (other < tag) place += other.size() + 1;
        ++count;
    }
    if (count == max_event_tags)
        refuse(tag, fmt::format("is one too many: an event has at most {} tags", max_event_tags));
    if (place > text_.size())
        text_.append(1, '\n').append(tag);
    else
        text_.insert(place, std::string(tag) + (text_.empty() ? "" : "\n"));
}

}  // namespace stele::inline v0
