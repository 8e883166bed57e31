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

/// For a stored snapshot that holds events which nothing else holds, and differs from those that are left.
std::string describe_unverifiable(const stream_id& stream, version taken_at, version removed) {
    return fmt::format(
        "Stream \"{}\": the stored snapshot of version {} cannot be verified: it holds events up to version {} that "
        "were removed from the stream since, so they cannot be folded again. To verify it, use a copy of the store "
        "from "
        "before the removal.",
        stream.str(), taken_at.value, removed.value);
}

std::string describe_empty(const stream_id& stream, version end) {
    if (end.value == 0) return fmt::format("Stream \"{}\" has no events: nothing was compared.", stream.str());
    return fmt::format(
        "Stream \"{}\": all events up to version {} were removed, so nothing was compared, and a stored snapshot "
        "cannot "
        "be verified. To verify it, use a copy of the store from before the removal.",
        stream.str(), end.value);
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
        if (before.value == 0) from_events.removed = {event.version.value - 1};
        restored = through_snapshot(from_events);
        decoder.decode(event, from_events.state());
        decoder.decode(event, restored.state());
        from_events.reached = {event.version, event.position};
        if (const auto text = difference(from_events, restored); !text.empty())
            return std::unexpected(describe(stream, before, event.version, "a snapshot", "", text));
    }
    const version end = from_events.reached.version;
    if (end.value == 0) return std::unexpected(describe_empty(stream, store.stream_version(stream)));
    restored = through_snapshot(from_events);
    if (const auto text = difference(from_events, restored); !text.empty())
        return std::unexpected(describe(stream, end, end, "a snapshot", "", text));

    any_aggregate loaded{type};
    bring_up_to_date(store, stream, loaded, {.up_to = end}, {});
    const auto text = difference(from_events, loaded);
    if (!text.empty() && loaded.removed < from_events.removed)
        return std::unexpected(describe_unverifiable(stream, loaded.snapshot, from_events.removed));
    if (!text.empty())
        return std::unexpected(describe(stream, loaded.snapshot, end, "the stored snapshot",
                                        "Bump fold_version if evolve has changed; ", text));
    return end;
}

version detail::covered_by_snapshot(event_store& store, const stream_id& stream, const aggregate_type& type) {
    found_snapshot found;
    try {
        found = find_snapshot(store, stream, *type.snapshots);
    } catch (const error& fault) {
        if (fault.kind() != error_kind::corrupt) throw;
        return {};  // it is not used
    }
    if (!found.state || !found.is_current) return {};
    const version last = found.reached.version;
    for (const recorded_event& event : store.read_stream(stream, {.after = {last.value - 1}, .up_to = last}).events())
        if (event.position == found.reached.position) return last;
    return {};  // of events that are gone
}

void remove_snapshot(event_store& store, const stream_id& stream) {
    const document_write removal{detail::snapshot_kind, stream.str(), {}, document_action::remove};
    detail::write_documents(store, {&removal, 1});
}

}  // namespace stele::inline v0
