#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/aggregates/snapshot.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

namespace stele::inline v0 {
namespace {

using detail::any_aggregate;

/// Returns how two states differ; empty if they do not.
std::string difference(any_aggregate& from_events, any_aggregate& from_snapshot) {
    const detail::snapshot_functions& functions = *from_events.type().snapshots;
    google::protobuf::util::DefaultFieldComparator fields;
    fields.set_treat_nan_as_equal(true);
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_field_comparator(&fields);
    std::string text;
    differencer.ReportDifferencesToString(&text);
    if (!differencer.Compare(*functions.take(from_events.state()), *functions.take(from_snapshot.state()))) return text;
    if (functions.equal && !functions.equal(from_events.state(), from_snapshot.state()))
        return "the states are not equal (operator==), but their snapshots are: snapshot() leaves something out\n";
    return {};
}

std::string describe(const stream_id& stream, version taken_at, version compared_at, const char* which,
                     const char* advice, const std::string& difference) {
    return fmt::format(
        "Stream \"{}\" at version {}: events lead to another state than {} of version {} and the events after it.\n"
        "{}from events -> from the snapshot:\n{}",
        stream.str(), compared_at.value, which, taken_at.value, advice, difference);
}

/// Makes a new state by way of a snapshot.
any_aggregate through_snapshot(any_aggregate& known) {
    const detail::snapshot_functions& functions = *known.type().snapshots;
    const event_data stored = encode(*functions.take(known.state()));
    const std::unique_ptr<google::protobuf::Message> message{functions.prototype->New()};
    if (const auto parsed = detail::parse_message(*message, stored.payload); !parsed)
        throw error(error_kind::undecodable, fmt::format("A snapshot is not a {}: {}.", stored.type, parsed.error()));
    any_aggregate result{known.type()};
    functions.restore(result.state(), *message);
    result.reached = known.reached;
    return result;
}

}  // namespace

std::expected<version, std::string> detail::verify_snapshot(event_store& store, const stream_id& stream,
                                                            const aggregate_type& type) {
    any_aggregate from_events{type};
    any_aggregate restored{type};
    event_decoder decoder{*type.events};
    for (const recorded_event& event : store.read_stream(stream).events()) {
        const version before = from_events.reached.version;
        restored = through_snapshot(from_events);
        decoder.decode(event, from_events.state());
        decoder.decode(event, restored.state());
        from_events.reached = {event.version, event.position};
        if (const auto text = difference(from_events, restored); !text.empty())
            return std::unexpected(describe(stream, before, event.version, "a snapshot", "", text));
    }
    const version end = from_events.reached.version;
    if (end.value == 0)
        return std::unexpected(fmt::format("Stream \"{}\" has no events: nothing was compared.", stream.str()));
    restored = through_snapshot(from_events);
    if (const auto text = difference(from_events, restored); !text.empty())
        return std::unexpected(describe(stream, end, end, "a snapshot", "", text));

    any_aggregate loaded{type};
    bring_up_to_date(store, stream, loaded, {.up_to = end}, {});
    if (const auto text = difference(from_events, loaded); !text.empty())
        return std::unexpected(describe(stream, loaded.snapshot, end, "the stored snapshot",
                                        "Bump fold_version if evolve has changed; ", text));
    return end;
}

void remove_snapshot(event_store& store, const stream_id& stream) {
    const document_write removal{detail::snapshot_kind, stream.str(), {}, document_action::remove};
    detail::write_documents(store, {&removal, 1});
}

}  // namespace stele::inline v0
