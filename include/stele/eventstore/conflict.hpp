#pragma once

#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string>

namespace stele::inline v0 {

/// Why an append or a removal was not accepted.
enum class conflict_reason : std::uint8_t {
    version,     ///< The stream is not at the version that the append expects.
    event_id,    ///< One of the event ids is already stored, and this does not repeat that append.
    deleted,     ///< The stream was deleted; only expected_version::no_stream() starts it again.
    tombstoned,  ///< The stream is closed permanently.
    document,    ///< A document that the append adds exists already.
    removed,     ///< Events were removed that the append expects to be there.
};

/// An append or a removal that was not accepted because another one came first (optimistic concurrency). Nothing was
/// written: read again, then decide again.
struct conflict {
    /// The stream that failed, if the append was to several.
    stream_id stream;
    /// What the append or removal expected of the stream.
    expected_version expected;
    /// The stream's version at that moment; 0 if there is no such stream.
    stele::version actual;
    /// Which rule refused the append.
    conflict_reason reason = conflict_reason::version;
    /// For a truncation beyond the end of the stream, the version it was given; otherwise 0.
    stele::version truncate_before = {};

    /// One sentence for people.
    [[nodiscard]] std::string message() const;
};

}  // namespace stele::inline v0
