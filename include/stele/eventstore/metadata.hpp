#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// What is known about an event beside the fact itself: why it happened and who caused it.
struct metadata {
    /// Shared by everything that one request from outside set off. Free text; made by the command bus when empty.
    std::string correlation_id = {};
    /// The id of the event (or message) that directly caused this one. Empty when the cause came from outside.
    std::string causation_id = {};
    /// Who asked for it: a user, a service.
    std::string actor = {};
    /// Whatever else the application wants to keep.
    std::map<std::string, std::string> headers = {};

    friend bool operator==(const metadata&, const metadata&) = default;
};

/// Returns the bytes in which metadata is stored: a Protobuf message, empty for empty metadata.
/// Throws stele::error (invalid_argument) naming the field whose text is not UTF-8.
std::string encode(const metadata& value);

/// Reads what encode() wrote. Throws stele::error (undecodable) if the bytes are something else.
metadata decode_metadata(std::string_view bytes);

}  // namespace stele::inline v0
