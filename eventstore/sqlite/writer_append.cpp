// What the writer does for one request, inside the transaction of its group.

#include "eventstore/documents.hpp"
#include "eventstore/repeated.hpp"
#include "eventstore/sqlite/reader_sql.hpp"
#include "eventstore/sqlite/writer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string_view bytes_of(const uuid& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

writer::outcome writer::apply(const append_request& request) {
    try {
        return request.removal != nullptr ? remove(*request.removal) : append(request.writes, request.documents);
    } catch (const error& fault) {
        if ((fault.engine_code() & 0xFF) == SQLITE_TOOBIG) throw;  // an event, where the limits of the store allow it
        rethrow_as_damage();
    }
}

writer::outcome writer::append(std::span<const stream_write> writes, std::span<const document_write> documents) {
    last_recorded_at_ = std::max(last_recorded_at_, now_us());
    std::vector<append_result> results(writes.size());
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto refused = write_events(writes[i], i + 1 == writes.size(), results[i]);
        if (!refused) continue;
        if (i > 0 || refused->reason == conflict_reason::event_id) undo_append();
        if (auto earlier = find_repeated(writes)) return *std::move(earlier);
        return std::unexpected(*refused);
    }
    if (!documents.empty() && !write_documents(documents, results.empty() ? position{} : results.back().position)) {
        undo_append();
        return std::unexpected(document_conflict());
    }
    if (participant_ && !writes.empty())
        participant_->appended(writes, results, timestamp{std::chrono::microseconds{last_recorded_at_}});
    return results;
}

void writer::undo_append() {
    rollback_to_.run();
    forget();
}

// `last` is the position of the append's last event, 0 if it has none. Returns false if there is one already that was
// to be added.
bool writer::write_documents(std::span<const document_write> documents, position last) {
    if (last.value == 0) {
        const reset_guard done(head_);
        if (head_.step()) last.value = static_cast<std::uint64_t>(head_.column_int64(0));
    }
    for (const auto& document : documents) {
        using enum document_write::action;
        auto& change = document.what == put ? put_document_ : document.what == add ? add_document_ : remove_document_;
        const reset_guard done(change);
        change.bind_text(1, document.kind);
        change.bind_blob(2, document.key);
        if (document.what != remove) {
            change.bind(3, to_integer(last.value));
            change.bind(4, last_recorded_at_);
            change.bind_blob(5, document.value);
        }
        const int code = change.try_step();
        if (code == SQLITE_CONSTRAINT_PRIMARYKEY) return false;
        if (code != SQLITE_DONE) throw db_.last_error("append");
    }
    return true;
}

std::optional<conflict> writer::write_events(const stream_write& write, bool closes_append, append_result& result) {
    auto stream = catalog_.find_stream(write.stream);
    if (auto refused = refusal_of(stream, write.stream, write.expected)) return refused;
    const auto actual = stream.version();
    if (stream.id == 0) catalog_.add_stream(stream, write.stream);
    if (stream.state == stream_state::deleted) {
        stream.state = stream_state::live;
        catalog_.update_stream(stream, stream.last);
    }
    for (const auto& event : write.events)
        if (!insert(stream, event, closes_append && &event == &write.events.back()))
            return conflict{write.stream, write.expected, actual, conflict_reason::event_id};
    catalog_.remember(write.stream, stream);
    result = {stream.last, {static_cast<std::uint64_t>(db_.last_insert_rowid())}};
    return std::nullopt;
}

std::optional<conflict> writer::refusal_of(const stream_entry& stream, const stream_id& name,
                                           expected_version expected) {
    using enum conflict_reason;
    if (stream.state == stream_state::tombstoned) return conflict{name, expected, {}, tombstoned};
    if (stream.state == stream_state::deleted && expected != expected_version::no_stream())
        return conflict{name, expected, {}, deleted};
    if (!expected.accepts(stream.version()))
        return conflict{name, expected, stream.version(), conflict_reason::version};
    return std::nullopt;
}

// Adds the event at the end of the stream; false when its id is in the store already.
bool writer::insert(stream_entry& stream, const event_data& event, bool closes_append) {
    auto& type = catalog_.find_type(event.type);
    ++stream.last.value;
    add_event_.bind(1, stream.id);
    add_event_.bind(2, to_integer(stream.last.value));
    add_event_.bind(3, type.id);
    add_event_.bind_blob(4, bytes_of(event.id));
    add_event_.bind(5, last_recorded_at_);
    add_event_.bind(6, std::int64_t{closes_append});
    add_event_.bind_blob(7, event.payload);
    add_event_.bind_blob(8, event.metadata);
    const int code = add_event_.try_step();
    if (code == SQLITE_CONSTRAINT_UNIQUE) return false;
    if (code != SQLITE_DONE) throw db_.last_error("append");
    add_event_.reset();
    catalog_.list_block(type, db_.last_insert_rowid());
    return true;
}

// The results of the append that stored exactly these events, at the places that are expected.
std::optional<std::vector<append_result>> writer::find_repeated(std::span<const stream_write> writes) {
    const reset_guard done(find_event_);
    find_event_.bind_blob(1, bytes_of(writes.front().events.front().id));
    if (!find_event_.step()) return std::nullopt;
    std::int64_t count = 0;
    for (const auto& write : writes) count += std::ssize(write.events);

    // An append stands at consecutive positions, and the event before it closes another one.
    auto at = find_event_.column_int64(0);
    const reset_guard done_too(stored_events_);
    stored_events_.bind(1, at - 1);
    stored_events_.bind(2, at + count - 1);
    bool row = stored_events_.step();
    if (row && stored_events_.column_int64(0) == at - 1) {
        if (stored_events_.column_int64(4) == 0) return std::nullopt;
        row = stored_events_.step();
    }
    std::vector<append_result> results;
    for (const auto& write : writes) {
        const auto stream = catalog_.find_stream(write.stream);
        const version before{row ? static_cast<std::uint64_t>(stored_events_.column_int64(2) - 1) : 0};
        if (!can_have_followed(write.expected, before, before <= stream.removed)) return std::nullopt;
        for (const auto& event : write.events) {
            const bool last = &write == &writes.back() && &event == &write.events.back();
            if (!row || stored_events_.column_int64(0) != at || stored_events_.column_int64(1) != stream.id ||
                stored_events_.column_bytes(3) != bytes_of(event.id) || (stored_events_.column_int64(4) != 0) != last)
                return std::nullopt;
            ++at;
            row = stored_events_.step();
        }
        results.push_back({{before.value + write.events.size()}, {static_cast<std::uint64_t>(at - 1)}, true});
    }
    return results;
}

writer::outcome writer::remove(const removal_request& removal) {
    auto stream = catalog_.find_stream(removal.stream);
    const auto refuse = [&](conflict_reason why) {
        return std::unexpected(conflict{removal.stream, removal.expected, stream.version(), why});
    };
    const bool ends = removal.what == removal_request::kind::tombstone;
    if (stream.state == stream_state::tombstoned) return refuse(conflict_reason::tombstoned);
    if (stream.state == stream_state::deleted && !ends) return refuse(conflict_reason::deleted);
    if (stream.id == 0 || !removal.expected.accepts(stream.version())) return refuse(conflict_reason::version);

    auto up_to = stream.last;
    if (removal.what == removal_request::kind::truncate) {
        if (removal.before.value > stream.last.value + 1)
            return std::unexpected(conflict{removal.stream, expected_version::exactly({removal.before.value - 1}),
                                            stream.version(), conflict_reason::version});
        up_to.value = removal.before.value == 0 ? 0 : removal.before.value - 1;
    } else {
        stream.state = ends ? stream_state::tombstoned : stream_state::deleted;
    }
    remove_events_.bind(1, stream.id);
    remove_events_.bind(2, to_integer(up_to.value));
    remove_events_.run();
    catalog_.update_stream(stream, up_to);
    catalog_.remember(removal.stream, stream);

    const stream_id records(system_category, "streams");
    const stream_write write{records, expected_version::any(), std::span(&removal.record, 1)};
    return append(std::span(&write, 1));
}

}  // namespace stele::inline v0::detail
