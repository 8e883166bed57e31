// What a reader finds of single events and streams.

#include "eventstore/engine/append_rules.hpp"
#include "eventstore/sqlite/index/positions_table.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// The number of versions examined in one part of a read of some types in a stream: their positions are looked up first.
constexpr std::int64_t window_versions = positions_per_block;

}  // namespace

reader::stream_row reader::find_row(const stream_id& stream) {
    const reset_guard done(find_stream_);
    find_stream_.bind_text(1, stream.str());
    if (!find_stream_.step()) return {};
    return {static_cast<std::int64_t>(find_stream_.column_number(0, 1)),
            static_cast<std::int64_t>(find_stream_.column_number(2)), to_state(*db_, find_stream_.column_number(3))};
}

version reader::version_of(const stream_row& stream, const index_snapshot& at) {
    if (stream.id == 0 || stream.state != stream_state::live) return {};
    return {static_cast<std::uint64_t>(std::max(stream.removed, index_.last_version(at, stream.id)))};
}

version reader::stream_version(const stream_id& stream) {
    const index_look at(index_);
    return version_of(find_row(stream), *at);
}

// The positions of the versions (after, up_to] that were not removed.
std::vector<std::int64_t> reader::positions_of(const stream_row& stream, interval versions,
                                               const stream_read_options& options, std::uint64_t most,
                                               const index_snapshot& at) {
    const auto after = std::max(versions.after, stream.removed);
    if (stream.id == 0 || after >= versions.up_to) return {};
    return index_.find_versions(at, stream.id, {after + 1, versions.up_to}, to_integer(options.as_of.value),
                                options.direction, static_cast<std::size_t>(most));
}

void reader::fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    const index_look at(index_);
    const interval window{to_integer(options.after.value), to_integer(options.up_to.value)};
    const auto limit = std::min<std::uint64_t>(options.limit, limits_.read_batch_events);
    const auto positions = positions_of(find_row(stream), window, options, limit, *at);
    collect_listed(positions, {}, {options.direction, options.after.value, options.up_to.value},
                   {.limit = limit, .known_stream = stream.str(), .compare_leaves = options.compare_leaves}, batch);
}

// The version comes first: the types of all events up to there have their ids.
void reader::begin(typed_read& read) {
    read.begun = true;
    const auto last = stream_version(read.stream).value;
    read.types = ids_of(read.options.types);
    if (!read.types.empty())
        read.rest = {to_integer(read.options.after.value), to_integer(std::min(read.options.up_to.value, last))};
}

bool reader::fetch(typed_read& read, event_batch& batch) {
    if (!read.begun) begin(read);
    const auto& options = read.options;
    if (read.rest.after >= read.rest.up_to || full(batch, options.limit)) return false;
    const auto window = read.rest.take_part(options.direction, window_versions);
    const index_look at(index_);
    const auto positions = positions_of(find_row(read.stream), window, options, window_versions, *at);
    const auto limit = std::min<std::uint64_t>(options.limit, limits_.read_batch_events);
    collect_listed(positions, read.types.json, order_within(options.direction, window),
                   {.limit = limit,
                    .known_stream = read.stream.str(),
                    .some_types = true,
                    .compare_leaves = options.compare_leaves},
                   batch);
    return true;
}

// Collects the events at these positions; with types (a JSON list of ids), those of them.
void reader::collect_listed(const std::vector<std::int64_t>& positions, const std::string& types, row_order order,
                            const selection& which, event_batch& batch) {
    if (positions.empty()) return;
    auto& query = types.empty() ? listed_ : listed_and_typed_;
    const std::span<const std::int64_t> list(positions);
    const reset_guard done(query);
    bind_positions(query, 1, list);
    if (!types.empty()) query.bind_text(2, types);
    collect(query, order, which, batch);
}

std::optional<owned_event> reader::find_event(const uuid& id) {
    const index_look at(index_);
    const auto position = index_.find_id(*at, id);
    if (!position) return std::nullopt;
    event_batch found;
    collect_listed({*position}, {}, {direction::forward, 0, position::max().value}, {.limit = 1}, found);
    if (found.empty()) return std::nullopt;
    return owned_event(found.front());
}

// The first or the last event of a stream.
std::optional<event_place> reader::place_of(const stream_row& stream, direction order, const index_snapshot& at) {
    const auto found = positions_of(stream, {0, to_integer(version::max().value)}, {.direction = order}, 1, at);
    if (found.empty()) return std::nullopt;
    const reset_guard done(find_place_);
    find_place_.bind(1, found.front());
    if (!find_place_.step())
        throw db_->damage(
            fmt::format("the event at position {} is missing, which the index of its stream lists", found.front()));
    return event_place{{{find_place_.column_number(0, 1)}, {find_place_.column_number(1, 1)}},
                       to_time(find_place_.column_int64(2))};
}

stream_info reader::info_at(statement& row, const index_snapshot& at) {
    const stream_row found{row.column_int64(0), static_cast<std::int64_t>(row.column_number(2)),
                           to_state(*db_, row.column_number(3))};
    auto first = place_of(found, direction::forward, at);
    auto last = place_of(found, direction::backward, at);
    const version removed{static_cast<std::uint64_t>(found.removed)};
    const stream_record stream{.id = found.id,
                               .last = last ? std::max(last->version, removed) : removed,
                               .removed = removed,
                               .state = found.state};
    auto info = info_of(stream, std::string(row.column_bytes(1)));
    info.first = first;
    info.last = last;
    return info;
}

stream_info reader::find_stream(const stream_id& stream) {
    const index_look at(index_);
    const reset_guard done(find_stream_);
    find_stream_.bind_text(1, stream.str());
    return find_stream_.step() ? info_at(find_stream_, *at) : stream_info{.stream = stream.str()};
}

std::vector<stream_info> reader::list_streams(const stream_list_options& options) {
    std::vector<stream_info> listed;
    const index_look at(index_);
    const auto end = options.category + '.';  // the character after '-'
    const reset_guard done(list_streams_);
    list_streams_.bind_text(1, options.after);
    list_streams_.bind_text(2, options.category);
    if (options.category.empty())
        list_streams_.bind_null(3);
    else
        list_streams_.bind_text(3, end);
    while (listed.size() < options.limit && list_streams_.step()) {
        if (!is_listed(list_streams_.column_bytes(1), options)) continue;
        auto info = info_at(list_streams_, *at);
        if (info.state == stream_state::live || options.removed) listed.push_back(std::move(info));
    }
    return listed;
}

}  // namespace stele::inline v0::detail
