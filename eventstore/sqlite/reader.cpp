#include "eventstore/sqlite/reader.hpp"

#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/index/positions_table.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <stele/eventstore/format.hpp>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_stream_names = 1U << 16U;

document document_at(statement& row) {
    return {.key = std::string(row.column_bytes(0)),
            .value = std::string(row.column_bytes(1)),
            .position = {row.column_number(2)},
            .written_at = to_time(row.column_int64(3))};
}

// Before the first statement is prepared that uses it.
connection& with_positions(connection& db) {
    add_positions_table(db);
    return db;
}

}  // namespace

reader::reader(std::unique_ptr<connection> db, const store_limits& limits, std::shared_ptr<index_tail> tail)
    : db_(std::move(db)),
      limits_(limits),
      tail_(std::move(tail)),
      index_(with_positions(*db_), *tail_),
      tagged_(*db_, *tail_),
      all_{db_->prepare(all_query(direction::forward)), db_->prepare(all_query(direction::backward))},
      listed_(db_->prepare(listed_query)),
      listed_and_typed_(db_->prepare(listed_and_typed_query)),
      head_(db_->prepare("SELECT max(position) FROM events")),
      find_stream_name_(db_->prepare("SELECT name FROM streams WHERE id = ?1")),
      find_type_name_(db_->prepare("SELECT name FROM types WHERE id = ?1")),
      find_type_(db_->prepare("SELECT id FROM types WHERE name = ?1")),
      time_after_(db_->prepare("SELECT recorded_at FROM events WHERE position > ?1 ORDER BY position LIMIT 1")),
      blocks_(db_->prepare(blocks_query)),
      streams_in_ranges_(db_->prepare(streams_in_ranges_query)),
      find_stream_(db_->prepare(find_stream_query)),
      list_streams_(db_->prepare(list_streams_query)),
      find_place_(db_->prepare("SELECT version, position, recorded_at FROM events WHERE position = ?1")),
      find_document_(
          db_->prepare("SELECT key, value, position, written_at FROM documents WHERE kind = ?1 AND key = ?2")),
      list_documents_(db_->prepare("SELECT key, value, position, written_at FROM documents WHERE kind = ?1 "
                                   "AND key >= ?2 AND key > ?3 ORDER BY key")),
      tagging_(db_->prepare(tagging_query)),
      tags_(*db_) {}

std::optional<document> reader::find_document(std::string_view kind, std::string_view key) {
    const reset_guard done(find_document_);
    find_document_.bind_text(1, kind);
    find_document_.bind_blob(2, key);
    if (!find_document_.step()) return std::nullopt;
    return document_at(find_document_);
}

std::vector<document> reader::list_documents(std::string_view kind, const document_read_options& options) {
    std::vector<document> found;
    const reset_guard done(list_documents_);
    list_documents_.bind_text(1, kind);
    list_documents_.bind_blob(2, options.prefix);
    list_documents_.bind_blob(3, options.after);
    while (found.size() < options.limit && list_documents_.step()) {
        if (!list_documents_.column_bytes(0).starts_with(options.prefix)) break;
        found.push_back(document_at(list_documents_));
    }
    return found;
}

std::vector<std::string> reader::event_types() {
    std::vector<std::string> names;
    auto all = db_->prepare("SELECT name FROM types ORDER BY name");
    while (all.step()) names.emplace_back(all.column_bytes(0));
    return names;
}

position reader::head() {
    const reset_guard done(head_);
    return {head_.step() ? head_.column_number(0) : 0};
}

// Times never decrease, so a binary search finds the last position that is not too late.
position reader::position_at(timestamp time) {
    const auto wanted = to_integer(time);
    std::int64_t low = 0;  // everything up to here was recorded at `time` or before
    std::int64_t high = to_integer(head().value);
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        const reset_guard done(time_after_);
        time_after_.bind(1, middle);
        // Removed events leave gaps: the next event stands for them.
        if (time_after_.step() && time_after_.column_int64(0) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return {static_cast<std::uint64_t>(low)};
}

void reader::fetch(const all_read_options& options, event_batch& batch) {
    auto& query = all_[std::to_underlying(options.direction)];
    const reset_guard done(query);
    query.bind(1, to_integer((options.direction == direction::forward ? options.after : options.up_to).value));
    const auto limit = std::min<std::uint64_t>(options.limit, limits_.read_batch_events);
    collect(query, {options.direction, options.after.value, options.up_to.value},
            {.limit = limit, .compare_leaves = options.compare_leaves}, batch);
}

bool reader::row_order::ends_before(std::uint64_t place) const {
    return direction_ == direction::forward ? place > up_to_ : place <= after_;
}

// Versions of a stream have no gaps, because only the first events of a stream are ever removed. Positions rise or
// fall; removed events are gaps there.
bool reader::row_order::takes(std::uint64_t place, bool gapless) {
    if (place <= after_ || place > up_to_) return false;
    const bool forward = direction_ == direction::forward;
    if (gapless && begun_ && place != (forward ? after_ + 1 : up_to_)) return false;
    begun_ = true;
    (forward ? after_ : up_to_) = forward ? place : place - 1;
    return true;
}

void reader::check_order(row_order& order, const selection& which, const recorded_event& event) const {
    const bool of_stream = !which.known_stream.empty();
    if (order.takes(of_stream ? event.version.value : event.position.value, of_stream && !which.some_types)) return;
    throw db_->damage(
        fmt::format("the event at position {}, version {} of {}, is out of order or one next to it is missing",
                    event.position, event.version, event.stream));
}

void reader::collect(statement& query, row_order order, const selection& which, event_batch& batch) {
    const auto known_stream = which.known_stream;
    auto* const leaves = check_of(which);
    recorded_event event;
    bool begun = false;
    while (batch.size() < which.limit && batch.size_bytes() < limits_.read_batch_bytes && query.step()) {
        if (!std::exchange(begun, true)) tags_.begin();
        event.metadata = query.column_bytes(column::metadata);
        event.position.value = query.column_number(column::position, 1);
        if (known_stream.empty() && order.ends_before(event.position.value)) return;
        if (which.types != nullptr && !which.types->contains(query.column_int64(column::type))) continue;
        event.version.value = query.column_number(column::version, 1);
        event.stream =
            known_stream.empty() ? stream_name(query.column_int64(column::stream), event.position) : known_stream;
        check_order(order, which, event);
        if (which.streams != nullptr && !which.streams->contains(event.stream)) continue;
        event.recorded_at = to_time(query.column_int64(column::recorded_at));
        const auto id = query.column_bytes(column::id);
        const auto parsed = uuid::from_bytes(id);
        if (!parsed)
            throw db_->damage(fmt::format("the event at position {} has an id of {} bytes", event.position, id.size()));
        event.id = *parsed;
        event.type = type_name(query.column_int64(column::type), event.position);
        event.payload = query.column_bytes(column::payload);
        const auto content = content_of(query.column_int64(column::flags));
        if (!content)
            throw db_->damage(fmt::format("the event at position {} has the flags {}, which are never written",
                                          event.position, query.column_int64(column::flags)));
        event.content = content->content;
        event.foreign_metadata = content->foreign_metadata;
        tags_.read(query, column::tags, event);
        if (which.others != nullptr && !which.others->passes(event)) continue;
        if (leaves != nullptr) leaves->expect(event);
        batch.add(event);
    }
}

leaf_check* reader::check_of(const selection& which) {
    if (!which.compare_leaves) return nullptr;
    if (!leaves_) leaves_.emplace(*db_);
    leaves_->begin();
    return &*leaves_;
}

std::string_view reader::stream_name(std::int64_t id, position event) {
    const auto place = static_cast<std::size_t>(id) % most_stream_names;
    if (place >= stream_names_.size())
        stream_names_.resize(std::min(most_stream_names, std::max(place + 1, 2 * stream_names_.size())));
    auto& slot = stream_names_[place];
    if (slot.id == id && id != 0) return slot.name;
    const reset_guard done(find_stream_name_);
    find_stream_name_.bind(1, id);
    if (!find_stream_name_.step())
        throw db_->damage(fmt::format("the event at position {} refers to stream {}, which is missing", event, id));
    slot.name = find_stream_name_.column_bytes(0);
    slot.id = id;
    return slot.name;
}

std::string_view reader::type_name(std::int64_t id, position event) {
    if (const auto known = type_names_.find(id); known != type_names_.end()) return known->second;
    const reset_guard done(find_type_name_);
    find_type_name_.bind(1, id);
    if (!find_type_name_.step())
        throw db_->damage(fmt::format("the event at position {} refers to event type {}, which is missing", event, id));
    return type_names_.emplace(id, find_type_name_.column_bytes(0)).first->second;
}

}  // namespace stele::inline v0::detail
