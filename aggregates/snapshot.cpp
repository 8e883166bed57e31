#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/aggregates/snapshot.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/quiet_protobuf.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/message_differencer.h>

namespace stele::inline v0 {
namespace {

using detail::any_aggregate;

/// A snapshot of a state, to compare it with others and to make another state of it.
struct compared_snapshot {
    explicit compared_snapshot(any_aggregate& known) : message(known.type().snapshots->take(known.state())) {
        const detail::quiet_protobuf quiet;
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream out(&stream);
        out.SetSerializationDeterministic(true);
        message->SerializePartialToCodedStream(&out);
    }

    std::unique_ptr<google::protobuf::Message> message;
    std::string bytes;  // with maps in order: equal bytes are equal snapshots
};

/// Returns how two states differ; empty if they do not. Looks at fields only where the bytes of the snapshots differ:
/// that takes ten to a hundred times as long.
std::string difference(any_aggregate& from_events, const compared_snapshot& saved, any_aggregate& from_snapshot) {
    const detail::snapshot_functions& functions = *from_events.type().snapshots;
    if (const compared_snapshot other{from_snapshot}; saved.bytes != other.bytes) {
        google::protobuf::util::DefaultFieldComparator fields;
        fields.set_treat_nan_as_equal(true);
        google::protobuf::util::MessageDifferencer differencer;
        differencer.set_field_comparator(&fields);
        std::string text;
        differencer.ReportDifferencesToString(&text);
        if (!differencer.Compare(*saved.message, *other.message)) return text;
    }
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

/// Makes a new state of a snapshot of `known`, by way of the bytes that would be stored.
any_aggregate through_snapshot(const any_aggregate& known, const compared_snapshot& saved) {
    const detail::snapshot_functions& functions = *known.type().snapshots;
    const std::unique_ptr<google::protobuf::Message> message{functions.prototype->New()};
    if (const auto parsed = detail::parse_message(*message, saved.bytes); !parsed) {
        const event_data stored = encode(*saved.message);  // says more, if it cannot be stored
        throw error(error_kind::undecodable, fmt::format("A snapshot is not a {}: {}.", stored.type, parsed.error()));
    }
    any_aggregate result{known.type()};
    functions.restore(result.state(), *message);
    result.reached = known.reached;
    return result;
}

}  // namespace

std::expected<version, std::string> detail::verify_snapshot(event_store& store, const stream_id& stream,
                                                            const aggregate_type& type) {
    any_aggregate from_events{type};
    compared_snapshot saved{from_events};
    event_decoder decoder{*type.events};
    for (const recorded_event& event : store.read_stream(stream).events()) {
        const version before = from_events.reached.version;
        if (before.value == 0) from_events.removed = {event.version.value - 1};
        any_aggregate restored = through_snapshot(from_events, saved);
        decoder.decode(event, from_events.state());
        decoder.decode(event, restored.state());
        from_events.reached = {event.version, event.position};
        saved = compared_snapshot{from_events};
        if (const auto text = difference(from_events, saved, restored); !text.empty())
            return std::unexpected(describe(stream, before, event.version, "a snapshot", "", text));
    }
    const version end = from_events.reached.version;
    if (end.value == 0) return std::unexpected(describe_empty(stream, store.stream_version(stream)));
    any_aggregate restored = through_snapshot(from_events, saved);
    if (const auto text = difference(from_events, saved, restored); !text.empty())
        return std::unexpected(describe(stream, end, end, "a snapshot", "", text));

    any_aggregate loaded{type};
    bring_up_to_date(store, stream, loaded, {.up_to = end}, {});
    const auto text = difference(from_events, saved, loaded);
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
