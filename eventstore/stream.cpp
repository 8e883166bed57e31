#include "eventstore/names.hpp"
#include "eventstore/utf8.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0 {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view name, std::string_view why) {
    throw error(error_kind::invalid_argument, fmt::format("{} '{}': {}", what, name.substr(0, 80), why));
}

std::string join(std::string_view category, std::string_view id) {
    const auto name = fmt::format("{}-{}", category, id);
    if (category.empty()) refuse("stream name", name, "the category before the '-' is empty");
    if (category.find('-') != std::string_view::npos) refuse("stream name", name, "a category may not contain '-'");
    if (id.empty()) refuse("stream name", name, "the id after the '-' is empty");
    return name;
}

}  // namespace

namespace detail {

void check_name(std::string_view what, std::string_view name) {
    if (name.empty()) refuse(what, name, "is empty; give it 1 to 512 bytes");
    if (name.size() > max_stream_name_bytes)
        refuse(what, name, fmt::format("has {} bytes, at most {} are allowed", name.size(), max_stream_name_bytes));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::ranges::any_of(name, is_control)) refuse(what, "?", "contains a control character");
    if (!is_utf8(name)) refuse(what, "?", "is not valid UTF-8");
}

}  // namespace detail

stream_id::stream_id(std::string name) : name_(std::move(name)) {
    detail::check_name("stream name", name_);
    if (category().empty()) refuse("stream name", name_, "the category before the '-' is empty");
}

stream_id::stream_id(std::string_view category, std::string_view id) : stream_id(join(category, id)) {}

}  // namespace stele::inline v0
