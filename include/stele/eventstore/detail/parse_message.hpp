#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;  // NOLINT(readability-identifier-naming)
}

namespace stele::inline v0::detail {

/// Parses bytes into a message; the one place that does. Returns why they are not that message, for the end of a
/// sentence: "its 7 bytes do not parse", "it lacks the required fields a, b". Prints nothing.
[[nodiscard]] std::expected<void, std::string> parse_message(google::protobuf::MessageLite& message,
                                                             std::string_view bytes);

}  // namespace stele::inline v0::detail
