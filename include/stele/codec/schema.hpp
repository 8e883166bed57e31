#pragma once

#include <stele/codec/detail/event_entries.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// The schemas of the events in a store: kept beside them, compared with those of the program, and used to show events
/// without the program that wrote them (docs/changing-events.md).
///
/// One line where a program begins, with all its consumers of events:
///
///     auto store = stele::sqlite_store::open("bank.db");
///     stele::record_schemas<account, balances>(store);
///
/// Each event type has versions of its own, counted from 1; a recorded version is never overwritten. The schema of a
/// type includes the messages and enums it refers to, at any depth, in whichever file.
namespace stele::inline v0 {

class event_store;

/// A change of a message that makes stored events unreadable or changes their meaning.
struct schema_finding {
    std::string type;          ///< The event type, as stored.
    std::uint32_t version{};   ///< The recorded version of its schema that does not fit.
    std::string message_type;  ///< The message (or enum) that changed: the event itself, or one that it holds.
    std::string field;         ///< Its field (or value); empty if the whole type is concerned.
    std::string recorded;      ///< What it is in the recorded schema: "int64", "number 2", "repeated" …
    std::string current;       ///< What it is in this program.

    /// One sentence for people.
    [[nodiscard]] std::string message() const;
};

namespace detail {

std::vector<schema_finding> check_schemas(event_store& store, const std::vector<stored_message>& messages);
void record_schemas(event_store& store, const std::vector<stored_message>& messages);

}  // namespace detail

/// Compares the events of these consumers (aggregates, projections, anything with a list `events`), including the
/// outdated ones of their upcasters, with every recorded version. Returns what does not fit; writes nothing.
///
/// Reported is a field that is renumbered, retyped (other than int32 to int64 and the like, which keeps every value),
/// removed without its number being reserved, changed between singular and repeated, moved into a oneof with another
/// recorded field, or newly required; an enum value that is renumbered, or removed without its number being reserved; a
/// recorded type whose message is gone from a package in use, unless an alias or `ignored` names it.
/// A field may be renamed: stored bytes hold its number. A program whose schema is already recorded is accepted, even
/// if a newer one was recorded since: it does not see the added fields. Throws what the store throws, and corrupt if
/// the recorded schemas cannot be read.
template <class... Consumers>
[[nodiscard]] std::vector<schema_finding> check_schemas(event_store& store) {
    return detail::check_schemas(store, detail::stored_messages_of<Consumers...>());
}

/// The same, but throws stele::error (incompatible_schema), with a line for each finding and nothing written; if all
/// fits, records the new schemas. Costs one read if there are none. Several programs may do so at once.
template <class... Consumers>
void record_schemas(event_store& store) {
    detail::record_schemas(store, detail::stored_messages_of<Consumers...>());
}

/// The recorded schemas of a store, to show its events to people. Reads them once, in the constructor.
/// Any thread may call to_json().
class recorded_schemas {
public:
    /// Throws stele::error: corrupt, if the recorded schemas cannot be read; and what the store throws.
    explicit recorded_schemas(event_store& store);
    recorded_schemas(recorded_schemas&&) noexcept;
    recorded_schemas& operator=(recorded_schemas&&) noexcept;
    ~recorded_schemas();

    /// Returns the event as a line of JSON, by the rules of Protobuf (so an int64 is a text), with the field names of
    /// the .proto file: `{"item":"lamp","amount":"3"}`. Fields are named by the newest version that knows all of them.
    /// Throws stele::error (undecodable), naming type and position, if its type was never recorded, or if its bytes
    /// are not that message.
    [[nodiscard]] std::string to_json(const recorded_event& event) const;

private:
    struct state;
    std::unique_ptr<const state> state_;
};

}  // namespace stele::inline v0
