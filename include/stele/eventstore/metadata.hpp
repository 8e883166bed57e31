#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// What is known about an event besides the fact itself: why it happened and who caused it.
struct metadata {
    /// Shared by everything that one outside request triggered. Free text; the command bus fills it in if empty.
    std::string correlation_id = {};
    /// The id of the event (or message) that directly caused this one. Empty if the cause came from outside.
    std::string causation_id = {};
    /// Who asked for it: a user, a service.
    std::string actor = {};
    /// Anything else the application wants to keep.
    std::map<std::string, std::string> headers = {};

    friend bool operator==(const metadata&, const metadata&) = default;
};

/// Returns the stored form of metadata: a Protobuf message, empty for empty metadata.
/// Throws stele::error (invalid_argument) naming a field whose text is not UTF-8.
[[nodiscard]] std::string encode(const metadata& value);

/// Reads the output of encode(). Throws stele::error (undecodable) if the bytes are anything else.
[[nodiscard]] metadata decode_metadata(std::string_view bytes);

}  // namespace stele::inline v0
