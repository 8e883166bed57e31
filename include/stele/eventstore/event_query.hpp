#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// One alternative of a query, as event_query::any_of: what it names, an event must have. At least one list is not
/// empty.
struct query_item {
    std::vector<std::string> categories = {};       ///< As event_query::categories, and so on.
    std::vector<std::string> stream_prefixes = {};  ///< Streams whose name begins with any of these.
    std::vector<std::string> streams = {};          ///< Exactly these streams.
    std::vector<std::string> types = {};            ///< Events of any of these types; empty: of all.
    tag_list tags = {};                             ///< Events that carry all of these tags.

    /// Whether an event passes.
    [[nodiscard]] bool passes(const recorded_event& event) const;
};

/// Which events: to read, follow or count, and in a condition of an append which there must not be. An event passes if
/// everything that the query names lets it pass:
///
///     {.types = {"school.Enrolled"}}                                  of this type
///     {.categories = {"account"}, .types = {"bank.Opened"}}           of this type, in streams of this category
///     {.tags = {"course:c1", "student:s7"}}                           with both tags
///     {.any_of = {{.tags = {"course:c1"}}, {.tags = {"student:s7"}}}} with one of them, or both
///
/// A stream passes if any of the first three lists lets it pass, or if all three are empty. How a store looks events up
/// instead of scanning: docs/event-store.md.
///
/// Whatever takes a query throws invalid_argument for names that no stream or type can have: a category with a '-', and
/// names that are empty, too long, not UTF-8 or contain a control character; and for an alternative that names nothing.
struct event_query {
    /// Passes streams of any of these categories, for example "account".
    std::vector<std::string> categories = {};
    /// Passes streams whose name begins with any of these: "user-1" passes "user-1" and "user-12".
    std::vector<std::string> stream_prefixes = {};
    /// Passes exactly these streams, by their whole names.
    std::vector<std::string> streams = {};
    /// Passes events of any of these types, by full name; empty: of all types.
    std::vector<std::string> types = {};
    /// Passes events that carry all of these tags; empty: whatever they carry.
    tag_list tags = {};
    /// Passes events that pass any of these; empty: all events.
    std::vector<query_item> any_of = {};
    /// Passes events with this correlation id in their metadata; empty: all events. There is no index for it: the
    /// metadata of each event that passes otherwise is looked at.
    std::string correlation_id = {};
    /// Whether events that the library itself has stored pass, if nothing above keeps them out (system_events.hpp).
    bool system_events = true;

    /// Whether every event passes.
    [[nodiscard]] bool empty() const {
        return passes_all_streams() && types.empty() && tags.empty() && any_of.empty() && correlation_id.empty() &&
               system_events;
    }
    /// Whether `categories`, `stream_prefixes` and `streams` let every stream pass.
    [[nodiscard]] bool passes_all_streams() const {
        return categories.empty() && stream_prefixes.empty() && streams.empty();
    }
    /// Whether an event of that stream and type passes, as far as these two say: whatever its tags and its correlation
    /// id are, and whatever `any_of` says.
    [[nodiscard]] bool passes(std::string_view stream, std::string_view type) const;
    /// Whether this event passes.
    [[nodiscard]] bool passes(const recorded_event& event) const;
};

}  // namespace stele::inline v0
