#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>

#include <map>
#include <optional>
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
    /// The business time of the event: when it happened, if that is not when the store recorded it, in any unit. May be
    /// before 1970, in the future, and earlier than that of the event before. To read it, call occurred_at(event).
    std::optional<detail::saturated<timestamp>> occurred_at = {};

    friend bool operator==(const metadata&, const metadata&) = default;
};

/// Returns the stored form of metadata: a Protobuf message, empty for empty metadata.
/// Throws stele::error (invalid_argument) naming a field whose text is not UTF-8.
[[nodiscard]] std::string encode(const metadata& value);

/// Reads the output of encode(). Throws stele::error (undecodable) if the bytes are anything else.
[[nodiscard]] metadata decode_metadata(std::string_view bytes);
/// Reads the metadata of an event. Foreign metadata has none of these fields: the result is empty, and the bytes are in
/// event.metadata. Throws stele::error (undecodable) if other metadata is not the output of encode().
[[nodiscard]] metadata decode_metadata(const recorded_event& event);
/// The same for an event that was kept.
[[nodiscard]] metadata decode_metadata(const owned_event& event);

/// The business time of an event: the time that who appended it gave (metadata::occurred_at), or recorded_at without
/// one. Throws nothing: metadata that are foreign or not the output of encode() give no time. Costs
/// next to nothing for an event without a time of its own.
[[nodiscard]] timestamp occurred_at(const recorded_event& event);
/// The same for an event that was kept.
[[nodiscard]] timestamp occurred_at(const owned_event& event);

}  // namespace stele::inline v0
