#include "eventstore/names.hpp"

#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {
namespace {

constexpr std::string_view kind = "stream name";

std::string join(std::string_view category, std::string_view id) {
    const auto name = fmt::format("{}-{}", category, id);
    if (category.empty()) detail::refuse_name(kind, name, "the category before the '-' is empty");
    if (category.find('-') != std::string_view::npos) detail::refuse_name(kind, name, "a category may not contain '-'");
    if (id.empty()) detail::refuse_name(kind, name, "the id after the '-' is empty");
    return name;
}

}  // namespace

stream_id::stream_id(std::string name) : name_(std::move(name)) {
    detail::check_name(kind, name_);
    if (category().empty()) detail::refuse_name(kind, name_, "the category before the '-' is empty");
}

stream_id::stream_id(std::string_view category, std::string_view id) : stream_id(join(category, id)) {}

}  // namespace stele::inline v0
