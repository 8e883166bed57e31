#include <stele/eventstore/detail/parse_message.hpp>

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>

#include <climits>

namespace stele::inline v0::detail {

// Partial: when Protobuf itself meets an unset required field, it also prints to stderr.
std::expected<void, std::string> parse_message(google::protobuf::MessageLite& message, std::string_view bytes) {
    if (bytes.size() > INT_MAX || !message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return std::unexpected(fmt::format("its {} bytes do not parse", bytes.size()));
    if (!message.IsInitialized())
        return std::unexpected("it lacks the required fields " + message.InitializationErrorString());
    return {};
}

}  // namespace stele::inline v0::detail
