#include "eventstore/names.hpp"

#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0 {
namespace {

[[noreturn]] void refuse(std::string_view tag, std::string_view reason) {
    throw error(error_kind::invalid_argument, fmt::format("tag '{}': {}", detail::cut_utf8(tag, 80), reason));
}

}  // namespace

namespace detail {

void check_tag(std::string_view tag) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::ranges::any_of(tag, is_control)) refuse("?", "contains a control character");
    if (!is_utf8(tag)) refuse("?", "is not valid UTF-8");
    if (tag.size() > max_tag_bytes)
        refuse(tag, fmt::format("has {} bytes, at most {} are allowed", tag.size(), max_tag_bytes));
    const auto colon = tag.find(':');
    if (colon == std::string_view::npos || colon == 0)
        refuse(tag, "has no key; write key:value, for example course:c1");
    if (colon + 1 == tag.size())
        refuse(tag, "has no value; leave it out for an event that is about none, or fill in the field it is made of");
}

}  // namespace detail

bool tags_view::contains(std::string_view tag) const noexcept {
    return std::ranges::find(begin(), end(), tag) != end();
}

bool tags_view::contains_all(tags_view others) const noexcept {
    auto next = begin();  // both are in order
    return std::all_of(others.begin(), others.end(), [&](std::string_view wanted) {
        while (next != end() && *next < wanted) ++next;
        return next != end() && *next == wanted;
    });
}

tag_list::tag_list(std::initializer_list<std::string_view> tags) {
    for (const auto tag : tags) add(tag);
}

tag_list::tag_list(std::span<const std::string> tags) {
    for (const auto& tag : tags) add(tag);
}

void tag_list::add(std::string_view tag) {
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
