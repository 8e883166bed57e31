#pragma once

#include <stele/codec/codec.hpp>
#include <stele/codec/detail/stored_messages.hpp>
#include <stele/eventstore/event_store.hpp>

#include <memory>
#include <string>
#include <vector>

/// The schemas of the events in a store: kept beside them, compared with those of the program, and used to show events
/// without the program that wrote them.
///
/// One line where a program begins, with all that takes events:
///
///     auto store = stele::sqlite_store::open("bank.db");
///     stele::record_schemas<account, balances>(store);
///
/// Each event type has versions of its own, counted from 1; what was recorded is never overwritten. What belongs to a
/// type are the messages and enums that it refers to, at any depth, in whichever file.
namespace stele::inline v0 {

/// A change of a message that makes events which are stored unreadable, or mean something else than what was written.
struct schema_finding {
    std::string type;          ///< The event type, as stored.
    std::uint32_t version{};   ///< The recorded version of its schema that does not fit.
    std::string message_type;  ///< The message (or enum) that was changed: the event itself, or one that it holds.
    std::string field;         ///< Its field (or value); empty if the whole type is concerned.
    std::string was;           ///< "int64", "number 2", "repeated" …
    std::string is;            ///< The same today.

    /// One sentence for people.
    [[nodiscard]] std::string message() const;
};

/// Compares the events that these takers (aggregates, projections, whatever has a list `events`) take, the outdated
/// ones of their histories included, with every version that was recorded. Returns what does not fit; writes nothing.
///
/// Reported is: a field that is renumbered, retyped (other than int32 to int64 and the like, which keeps every value),
/// removed and its number not reserved, singular and then repeated or the reverse, put into a oneof with another that
/// was there, or newly required; a value of an enum that is removed and its number not reserved, or renumbered; a
/// recorded type whose message is gone from a package that is in use, unless an alias or `ignored` names it.
/// A field may be renamed: stored bytes hold its number. A program whose schema was recorded before is fine, even if a
/// newer one has come since: it does not see the fields that were added. Throws what the store throws, and corrupt if
/// what was recorded cannot be read.
template <class... Takers>
[[nodiscard]] std::vector<schema_finding> check_schemas(event_store& store) {
    return detail::check_schemas(store, detail::stored_messages_of<Takers...>());
}

/// The same, but throws stele::error (incompatible_schema), with a line for each finding and nothing written; and if
/// all fits, records what is new. Costs one read if nothing is. Several programs may do so at once.
template <class... Takers>
void record_schemas(event_store& store) {
    detail::record_schemas(store, detail::stored_messages_of<Takers...>());
}

/// The schemas that were recorded in a store, to show its events to people. Reads them once, when it is made.
/// Any thread may call to_json().
class recorded_schemas {
public:
    /// Throws stele::error: corrupt, if what was recorded cannot be read; and what the store throws.
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
