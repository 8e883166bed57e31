#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/version.hpp>

#include <optional>
#include <string>
#include <string_view>

/// The events that the library itself stores among those of the application (docs/event-store.md):
///
/// - in the stream "stele-streams" a record of each removal, which is a stream_deleted or a stream_truncated;
/// - in the stream "stele-tags" a record of each time that stored events began to be given tags (add_tags());
/// - in the journal of each instance of a process manager what it has handled, and its deadlines. Their form is
///   internal.
///
/// decode_each() and projections skip all of them, unless a consumer lists stele::stream_deleted or
/// stele::stream_truncated among its `events`: then it hears of removals (docs/projections.md).
namespace stele::inline v0 {

/// All events of a stream were removed, by delete_stream() or tombstone_stream().
///
/// Its event stands after everything that was removed, and before everything that is appended to the stream later.
struct stream_deleted {
    std::string stream = {};  ///< The name of the stream whose events were removed.
    bool tombstoned = false;  ///< Whether the stream is closed for ever. If not, it may be started again.

    friend bool operator==(const stream_deleted&, const stream_deleted&) = default;
};

/// The first events of a stream were removed, by truncate_stream(). Stands after everything that was removed.
struct stream_truncated {
    std::string stream = {};  ///< The name of the stream whose events were removed.
    stele::version before{};  ///< Events whose version is less than this were removed.

    friend bool operator==(const stream_truncated&, const stream_truncated&) = default;
};

/// How the types of all system events begin. No message of an application is in this package.
inline constexpr std::string_view system_type_prefix = "stele.v1.";

/// Whether the library itself stored this event.
[[nodiscard]] constexpr bool is_system_event(const recorded_event& event) noexcept {
    return event.type.starts_with(system_type_prefix);
}

/// Reads the record of a removal, for a reader of a store that uses no codec: nothing if the event is none of this
/// kind. Throws stele::error (undecodable), naming the position, if its bytes are damaged.
[[nodiscard]] std::optional<stream_deleted> as_stream_deleted(const recorded_event& event);
/// The same for the other kind.
[[nodiscard]] std::optional<stream_truncated> as_stream_truncated(const recorded_event& event);

}  // namespace stele::inline v0
