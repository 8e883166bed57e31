#pragma once

#include <stele/eventstore/rejection.hpp>

#include <google/protobuf/message.h>

#include <source_location>
#include <string>
#include <string_view>
#include <vector>

/// How scenarios (given.hpp, given_process.hpp, given_projection.hpp) show expected and actual outcomes.
namespace stele::inline v0::detail {

/// Some lines of text: the unit of side_by_side().
using text_block = std::vector<std::string>;

/// All fields equal, and NaN equal to NaN.
bool are_equal(const google::protobuf::Message& a, const google::protobuf::Message& b);

std::string one_line(const google::protobuf::Message& message);
/// "FILE:LINE: subject".
std::string title_of(std::source_location where, std::string_view subject);

text_block split_lines(std::string_view text, std::string_view indent);
text_block show(const google::protobuf::Message& event);
text_block show(const rejection& reason);

/// Puts the n-th expected block beside the n-th actual one, and marks the lines that differ.
std::string side_by_side(std::vector<text_block> expected, std::vector<text_block> actual);

}  // namespace stele::inline v0::detail
