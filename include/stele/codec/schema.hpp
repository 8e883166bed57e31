#pragma once

#include <stele/codec/detail/stored_messages.hpp>
#include <stele/codec/stored_as.hpp>
#include <stele/eventstore/detail/pimpl.hpp>

#include <google/protobuf/message.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

/// The schemas of the messages in a store: kept beside them, compared with those of the program, and used to show
/// events without the program that wrote them (docs/changing-events.md).
///
/// One line where a program begins, with all its aggregates, projections and processes:
///
///     auto store = stele::sqlite_store::open("bank.db");
///     stele::record_schemas<account, balances, transfer_process>(store);
///
/// What they name is what is watched: the `events` and their older types, the `commands` that a process keeps in its
/// deadlines and journals, and the `snapshot_type` of aggregates and of projections in memory.
///
/// Each type has versions of its own, counted from 1; a recorded version is never overwritten. The schema of a type
/// includes the messages and enums it refers to, at any depth, in whichever file.
namespace stele::inline v0 {

class event_store;

/// A change of a message that makes stored ones unreadable or changes their meaning, or a stored event that nobody
/// handles.
struct schema_finding {
    std::string type = {};  ///< The type, as stored.
    std::uint32_t version =
        {};  ///< The recorded version of its schema that does not fit; 0: events that nobody handles.
    std::string message_type = {};  ///< The message (or enum) that changed: the stored one, or one that it holds.
    std::string field = {};         ///< Its field (or value); empty if the whole type is concerned.
    std::string recorded = {};      ///< What it is in the recorded schema: "int64", "number 2", "repeated" …
    std::string current = {};       ///< What it is in this program.
    stele::stored_as stored_as = stele::stored_as::event;  ///< What is stored.
    std::string owner = {};  ///< The process that keeps the command; the aggregate or projection of the snapshot.

    /// One sentence for people. It names the message, the field and where it is stored.
    [[nodiscard]] std::string message() const;
    /// What to do: the same text for findings of one kind.
    [[nodiscard]] std::string advice() const;
};

/// What a program need not be told of.
struct schema_options {
    /// Types of stored events that another program handles, by full name. One that ends in '*' stands for all that
    /// begin so: "bank.*". A consumer may also name what it passes over in its list `ignored` (upcast.hpp).
    std::vector<std::string> ignored = {};
};

namespace detail {

std::vector<schema_finding> check_schemas(event_store& store, const std::vector<stored_message>& messages,
                                          const schema_options& options = {});
void record_schemas(event_store& store, const std::vector<stored_message>& messages,
                    const schema_options& options = {});

}  // namespace detail

/// Compares the messages of these consumers (aggregates, projections, processes, anything with a list `events`) with
/// every recorded version. Returns what does not fit; writes nothing.
///
/// Reported is a field that is renumbered, retyped (other than int32 to int64 and the like, which keeps every value),
/// removed without its number being reserved, changed between singular and repeated, moved into a oneof with another
/// recorded field, or newly required; an enum value that is renumbered, or removed without its number being reserved; a
/// recorded type whose message is gone from a package in use, unless an alias or `ignored` names it; a command that a
/// process has recorded and no longer lists. A field may be renamed: stored bytes hold its number. A program whose
/// schema is already recorded is accepted, even if a newer one was recorded since: it does not see the added fields.
///
/// Also reported is a type of stored events that nobody takes: the package is one of which these consumers take events,
/// and none of them takes the type, upcasts it to something that one of them takes, or ignores it. Projections and
/// processes would pass over these events without a word, which is how a forgotten upcaster looks.
///
/// An aggregate whose upcasters lead to an event that none of these consumers takes or ignores does not compile.
/// Throws what the store throws, and corrupt if the recorded schemas cannot be read.
template <class... Consumers>
[[nodiscard]] std::vector<schema_finding> check_schemas(event_store& store, const schema_options& options = {}) {
    return detail::check_schemas(store, detail::stored_messages_of<Consumers...>(), options);
}

/// The same, but throws stele::error (incompatible_schema), with a line for each finding, what to do, and nothing
/// written; if all fits, records the new schemas. Costs four short reads if there are none. Several programs may do so
/// at once.
template <class... Consumers>
void record_schemas(event_store& store, const schema_options& options = {}) {
    detail::record_schemas(store, detail::stored_messages_of<Consumers...>(), options);
}

namespace detail {

/// What a consumer gets of an event.
using delivered_messages = std::vector<std::unique_ptr<google::protobuf::Message>>;

struct delivery_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "consumer of to_json_line()"; }

    template <class Event>
    static void handle(void* messages, const google::protobuf::Message& event, const recorded_event&) {
        auto& all = *static_cast<delivered_messages*>(messages);
        all.emplace_back(event.New())->CopyFrom(event);
    }
    template <removal Removal>
    static void deliver(void*, const Removal&, const recorded_event&) {}
};

}  // namespace detail

/// The recorded schemas of a store, to show its events to people. Reads them once, in the constructor.
/// Any thread may call the others.
///
/// Each event of each store can be shown, ours too (system_events.hpp). The message of an event is that of its recorded
/// schema, of the newest version that knows all of its fields; if none was recorded, the one of this name in the
/// program. If there is neither, or the bytes are not that message, it is shown as its bytes:
/// `{"@type":"bank.Gone","value":"CAE="}`, in Base64.
///
/// A foreign event that is JSON is shown as this JSON, without the blanks between its parts; octets, and what is called
/// JSON and is none, as a text in Base64.
class recorded_schemas {
public:
    /// Throws stele::error: corrupt, if the recorded schemas cannot be read; and what the store throws.
    explicit recorded_schemas(event_store& store);
    recorded_schemas(recorded_schemas&&) noexcept;
    recorded_schemas& operator=(recorded_schemas&&) noexcept;
    ~recorded_schemas();

    /// Returns the message of an event as a line of JSON, by the rules of Protobuf (so an int64 is a text), with the
    /// field names of the .proto file: `{"item":"lamp","amount":"3"}`. What these rules have no form for is shown
    /// nevertheless: an Any whose message is not known as above, a time out of range as its fields. The keys of a map
    /// are sorted.
    [[nodiscard]] std::string to_json(const recorded_event& event) const;

    /// Returns the event with all that is kept beside its message, as a line of JSON:
    ///
    ///     {"position":"3","stream":"shop-1","version":"1","type":"shop.Sold","recorded_at":"2026-01-31T12:00:00Z",
    ///      "id":"0190…","metadata":{"correlation_id":"…","causation_id":"…","actor":"ann","headers":{"till":"4"}},
    ///      "payload":{"item":"lamp","amount":"3"}}
    ///
    /// After `recorded_at` stands `occurred_at`, if it is another time. `metadata` has what is there: no more than `{}`
    /// if there is none. Bytes that are not metadata stand in `metadata_bytes`, in Base64; foreign metadata stands in
    /// `foreign_metadata`, as the JSON that it is or else in Base64. After them stand the `tags` of the event, if it
    /// has any: `["course:c1","student:s7"]`. A foreign event has `content` before its payload: `json` or `octets`. If
    /// the payload is shown as its bytes, but for octets, `problem` says why.
    [[nodiscard]] std::string to_json_line(const recorded_event& event) const { return line(event, nullptr, {}); }

    /// The same, and what consumers get of it (aggregates, projections, anything with a list `events`), after their
    /// upcasters. The first one that takes the event is asked; `upcast` is empty if none does:
    ///
    ///     … "payload":{"item":"lamp","amount":"3"},"upcast":[{"type":"shop.SoldV2","payload":{"item":"lamp", …}}]}
    ///
    /// If the upcaster throws, `problem` says what. Throws stele::error (invalid_argument) only if a consumer forgot
    /// its upcasters (upcast.hpp).
    template <class... Consumers>
        requires(sizeof...(Consumers) > 0)
    [[nodiscard]] std::string to_json_line(const recorded_event& event) const {
        detail::delivered_messages messages;
        return line(event, &messages, {&detail::event_table_of<Consumers, detail::delivery_binding>()...});
    }

private:
    std::string line(const recorded_event& event, detail::delivered_messages* upcast,
                     std::initializer_list<const detail::event_table*> consumers) const;

    struct state;
    detail::pimpl<std::unique_ptr<const state>> state_;
};

}  // namespace stele::inline v0
