// What the writer does for one request, inside the transaction of its group.

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/append_rules.hpp"
#include "eventstore/engine/query_plan.hpp"
#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/reader_sql.hpp"
#include "eventstore/sqlite/writer.hpp"

#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// The rows of a range of positions, as one pass over a query.
class stored_rows final : public stored_events {
public:
    stored_rows(statement& query, catalog& known, std::int64_t first, std::int64_t last)
        : query_(query), done_(query), catalog_(known) {
        query_.bind(1, first);
        query_.bind(2, last);
        row_ = query_.step();
    }

    std::optional<stored_event> at(position where) override {
        const auto wanted = to_integer(where.value);
        while (row_ && query_.column_int64(0) < wanted) row_ = query_.step();
        if (!row_ || query_.column_int64(0) != wanted) return std::nullopt;
        return stored_event{.stream = query_.column_int64(1),
                            .version = {query_.column_number(2, 1)},
                            .id = uuid::from_bytes(query_.column_bytes(3)).value_or(uuid{}),
                            .closes_append = (query_.column_int64(4) & event_flags::closes_append) != 0};
    }
    stream_record find_stream(const stream_id& name) override { return catalog_.find_stream(name); }

private:
    statement& query_;
    reset_guard done_;
    catalog& catalog_;
    bool row_;
};

}  // namespace

writer::outcome writer::apply(const append_request& request) {
    if (const bool is_of_events = request.removal != nullptr || request.tagging != nullptr || !request.writes.empty();
        is_of_events && !missing_projections_.empty())
        throw append_fault{std::make_exception_ptr(error{error_kind::needs_projection, missing_projections_})};
    try {
        if (request.tagging != nullptr) return add_tags(*request.tagging);
        return request.removal != nullptr ? remove(*request.removal)
                                          : append(request.writes, request.documents, request.conditions);
    } catch (const error& fault) {
        if ((fault.engine_code() & 0xFF) == SQLITE_TOOBIG) throw;  // the store's limits allow more than SQLite's
        rethrow_as_damage();
    }
}

// An append that was stored before is no conflict, whatever has become of its streams since.
writer::outcome writer::refused(const conflict& reason, std::span<const stream_write> writes) {
    if (!writes.empty())
        if (auto earlier = find_repeated(writes)) return *std::move(earlier);
    return std::unexpected(reason);
}

std::optional<conflict> writer::conflict_with(const append_condition& condition) {
    if (const auto* none = std::get_if<no_event>(&condition)) {
        const auto head = last_event().first;
        try {
            expect_position(*none, head);
            conditions_.expect_complete(none->matching);
        } catch (const error& refused) {
            using enum error_kind;
            if (refused.kind() != other_store && refused.kind() != needs_tagging) throw;
            throw append_fault{std::current_exception()};
        }
        return conditions_.refusal_of(*none);
    }
    if (const auto* document = std::get_if<document_expectation>(&condition)) return conditions_.refusal_of(*document);
    const auto& expectation = std::get<stream_expectation>(condition);
    return mismatch_of(catalog_.find_stream(expectation.stream), expectation);
}

writer::outcome writer::append(std::span<const stream_write> writes, std::span<const document_write> documents,
                               std::span<const append_condition> conditions) {
    if (index_.is_tagging() && !conditions.empty() && !writes.empty())  // whether they hold may be unknown
        if (auto earlier = find_repeated(writes)) return *std::move(earlier);
    for (const auto& each : conditions)
        if (const auto conflict = conflict_with(each)) return refused(*conflict, writes);
    last_recorded_at_ = std::max(last_recorded_at_, to_integer(time_of_append()));
    std::vector<append_result> results(writes.size());
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto conflict = write_events(writes[i], i + 1 == writes.size(), results[i]);
        if (!conflict) continue;
        if (i > 0 || conflict->reason == conflict_reason::event_id) roll_back_append();
        return refused(*conflict, writes);
    }
    if (!documents.empty() && !write_documents(documents, results.empty() ? position{} : results.back().position)) {
        roll_back_append();
        return std::unexpected(document_conflict());
    }
    if (participant_ && !writes.empty()) participant_->appended(writes, results, to_time(last_recorded_at_));
    return results;
}

// The clock is the application's: what it throws is no fault of the file.
timestamp writer::time_of_append() {
    try {
        return now_();
    } catch (...) {
        throw append_fault{std::current_exception()};
    }
}

void writer::roll_back_append() {
    rollback_to_.run();
    index_.roll_back_to(append_begin_);
    tree_.roll_back_to(leaves_before_);
    forget();
}

// `last` is the position of the append's last event, 0 if it has none. Returns false if a document to add exists.
bool writer::write_documents(std::span<const document_write> documents, position last) {
    if (last.value == 0) last = last_event().first;
    for (const auto& document : documents) {
        using enum document_action;
        auto& change = document.action == put   ? put_document_
                       : document.action == add ? add_document_
                                                : remove_document_;
        const reset_guard done(change);
        change.bind_text(1, document.kind);
        change.bind_blob(2, document.key);
        if (document.action != remove) {
            change.bind(3, to_integer(last.value));
            change.bind(4, last_recorded_at_);
            change.bind_blob(5, document.value);
        }
        const int code = change.try_step();
        if (code == SQLITE_CONSTRAINT_PRIMARYKEY) return false;
        if (code != SQLITE_DONE) throw db_.last_error("write");
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
        if (!insert(write.stream, stream, event, closes_append && &event == &write.events.back()))
            return event_id_conflict(write, actual);
    catalog_.remember(write.stream, stream);
    result = {{stream.last, {static_cast<std::uint64_t>(db_.last_insert_rowid())}}};
    return std::nullopt;
}

// Adds the event at the end of the stream; false if its id is already in the store.
bool writer::insert(const stream_id& name, stream_record& stream, const event_data& event, bool closes_append) {
    auto& type = catalog_.find_type(event.type);
    if (stream.last.value == greatest_stored_number)
        throw db_.damage("the last version of a stream is the greatest there is");
    const bool in_order = index_.is_in_order(event.id);
    if (!in_order && index_.find_id(event.id)) return false;
    stream.last = stream.last.next();
    add_event_.bind(1, stream.id);
    add_event_.bind(2, to_integer(stream.last.value));
    add_event_.bind(3, type.id);
    add_event_.bind_blob(4, event.id.as_bytes());
    add_event_.bind(5, last_recorded_at_);
    add_event_.bind(6, flags_of(event, closes_append, in_order));
    auto tags = tags_.pack(event.tags);
    if (tags.empty())
        add_event_.bind_null(7);
    else
        add_event_.bind_blob(7, tags);
    add_event_.bind_blob(8, event.payload);
    add_event_.bind_blob(9, event.metadata);
    add_event_.run();
    if (db_.changes() != 1) throw db_.damage("the file has not taken an event that was inserted");
    const auto position = db_.last_insert_rowid();
    index_.add({.position = position,
                .stream = stream.id,
                .version = to_integer(stream.last.value),
                .id = event.id,
                .in_order = in_order,
                .tags = std::move(tags)});
    catalog_.list_block(type, position);
    const stream_position place{stream.last, {static_cast<std::uint64_t>(position)}};
    if (tree_.is_kept()) tree_.add(leaf_hash(as_recorded(event, name.str(), place, to_time(last_recorded_at_))));
    return true;
}

std::optional<std::vector<append_result>> writer::find_repeated(std::span<const stream_write> writes) {
    const auto found = index_.find_id(writes.front().events.front().id);
    if (!found) return std::nullopt;
    const auto first = *found;
    std::int64_t count = 0;
    for (const auto& write : writes) count += std::ssize(write.events);
    stored_rows stored(stored_events_, catalog_, first - 1, first + count - 1);
    return detail::find_repeated(writes, {static_cast<std::uint64_t>(first)}, stored);
}

writer::outcome writer::remove(const removal_request& removal) {
    auto stream = catalog_.find_stream(removal.stream);
    const auto plan = plan_removal(stream, removal.stream, removal.expected, removal.kind, removal.before);
    if (!plan) return std::unexpected(plan.error());
    tree_.keep_leaves();
    index_.remove(stream.id, to_integer(plan->up_to.value));
    stream.state = plan->state;
    catalog_.update_stream(stream, plan->up_to);
    catalog_.remember(removal.stream, stream);
    const auto write = removal_record(removal.record);
    return append(std::span(&write, 1));
}

// The outcome is empty if no record is appended.
writer::outcome writer::add_tags(const tagging_request& tagging) {
    index_.tags_change();
    bool begins = false;
    try {
        begins = added_tags_.add(tagging.batch, last_event().first);
    } catch (const error& refused) {
        using enum error_kind;
        if (refused.kind() != other_store && refused.kind() != invalid_argument) throw;
        throw append_fault{std::current_exception()};
    }
    if (!begins) return std::vector<append_result>{};
    const auto write = tagging_record(tagging.record);
    return append(std::span(&write, 1));
}

}  // namespace stele::inline v0::detail
