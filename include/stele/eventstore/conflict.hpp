#pragma once

#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/tags/tag_list.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace stele::inline v0 {

/// Why an append or a removal was not accepted.
enum class conflict_reason : std::uint8_t {
    version,     ///< The stream is not at the version that the append expects.
    event_id,    ///< One of the event ids is already stored, and this does not repeat that append.
    deleted,     ///< The stream was deleted; only expected_version::no_stream() starts it again.
    tombstoned,  ///< The stream is closed permanently.
    document,    ///< A document that the append adds exists already, or one has not the value that it expects.
    removed,     ///< Events were removed that the append expects to be there.
    condition,   ///< There is an event that a condition of the append rules out.
};

/// The event that a condition of an append rules out: the first one.
struct ruled_out_event {
    stele::position position;  ///< In the store.
    std::string type;          ///< The full name of its message.
    tag_list tags;             ///< What it is about.
};

/// An append or a removal that was not accepted because another one came first (optimistic concurrency). Nothing was
/// written: read again, then decide again.
struct conflict {
    /// The stream that failed, if the append was to several; that of the event which a condition rules out.
    stream_id stream;
    /// What the append or removal expected of the stream.
    expected_version expected;
    /// The stream's version at that moment; 0 if there is no such stream. The version of the event that a condition
    /// rules out.
    stele::version actual;
    /// Which rule refused the append.
    conflict_reason reason = conflict_reason::version;
    /// For a truncation beyond the end of the stream, the version it was given; otherwise 0.
    stele::version truncate_before = {};
    /// With conflict_reason::condition, the event that broke it.
    std::optional<ruled_out_event> event = {};

    /// One sentence for people.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
