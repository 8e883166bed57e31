#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/quiet_protobuf.hpp>

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <climits>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::LogLevel;

thread_local unsigned quiet_scopes = 0;

void log_unless_quiet(LogLevel level, const char* file, int line, const std::string& message);

google::protobuf::LogHandler* const former_handler = google::protobuf::SetLogHandler(&log_unless_quiet);

void log_unless_quiet(LogLevel level, const char* file, int line, const std::string& message) {
    if (quiet_scopes == 0 && former_handler != nullptr) former_handler(level, file, line, message);
}

}  // namespace

quiet_protobuf::quiet_protobuf() noexcept {
    ++quiet_scopes;
}
quiet_protobuf::~quiet_protobuf() {
    --quiet_scopes;
}

// Partial: the required fields are looked at here, so that the answer can name them.
std::expected<void, std::string> parse_message(google::protobuf::MessageLite& message, std::string_view bytes) {
    const quiet_protobuf quiet;
    if (bytes.size() > INT_MAX || !message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return std::unexpected(fmt::format("its {} bytes do not parse", bytes.size()));
    if (!message.IsInitialized())
        return std::unexpected("it lacks the required fields " + message.InitializationErrorString());
    return {};
}

}  // namespace stele::inline v0::detail
