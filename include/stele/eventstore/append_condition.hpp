#pragma once

#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <optional>
#include <string>
#include <variant>

/// What must hold for an append to be accepted, besides what it writes itself expects (docs/event-store.md).
namespace stele::inline v0 {

/// Expects a stream, to which the append writes nothing, to be where you saw it: its events depend on it.
struct stream_expectation {
    /// The stream.
    stream_id stream;
    /// The version that it must be at. A tombstoned stream is at no version, as one that does not exist.
    expected_version expected;
};

/// Expects that no event was appended which a decision had to know: none that passes the query, after what was read.
///
///     const auto after = store.head();                    // first the head
///     … store.read_all({.up_to = after, .filter = query}) // then what the decision depends on
///     store.append(stream, expected_version::any(), events, {stele::no_event{query, after}});
///
/// Events that were removed count no more, whether they were read or not.
struct no_event {
    /// Which events. An empty query: all, so nothing at all may have been appended.
    event_query matching;
    /// Exclusive: events up to here may be there. The head as it was before the events were read; a position beyond the
    /// head of the store is of another store.
    position after;
};

/// Expects a document to have the value you saw. The append may write it, too.
struct document_expectation {
    std::string kind;  ///< As document_write::kind.
    std::string key;   ///< As document_write::key.
    /// What it must hold; nothing: there must be no such document.
    std::optional<std::string> value = {};
};

/// One condition of an append. All of them are checked in the transaction of the append, in their order, after
/// everything that was committed before it, also by others in the same commit.
using append_condition = std::variant<stream_expectation, no_event, document_expectation>;

}  // namespace stele::inline v0
