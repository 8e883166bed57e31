#include "testing/scenario_text.hpp"

#include <stele/testing/check_determinism.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

std::string title(std::string_view category, std::string_view how, std::size_t after) {
    return fmt::format(
        "The state of \"{}\" after {} {} differs when it is {}: `evolve` must depend on state and event alone, and a "
        "snapshot must hold the whole state",
        category, after, after == 1 ? "event" : "events", how);
}

}  // namespace

void fail_determinism(std::string_view category, std::string_view how, std::size_t after) {
    throw scenario_failed(title(category, how, after));
}

void fail_determinism(std::string_view category, std::string_view how, std::size_t after,
                      const google::protobuf::Message& expected, const google::protobuf::Message& actual) {
    throw scenario_failed(
        fmt::format("{}\n{}", title(category, how, after), side_by_side({show(expected)}, {show(actual)})));
}

bool equal_messages(const google::protobuf::Message& a, const google::protobuf::Message& b) {
    return are_equal(a, b);
}

}  // namespace stele::inline v0::detail
