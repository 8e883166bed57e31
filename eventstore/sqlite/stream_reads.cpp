// What a reader finds of single events and streams.

#include "eventstore/engine/append_rules.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::optional<event_place> place_at(statement& row, int column) {
    if (row.column_is_null(column)) return std::nullopt;
    return event_place{{{row.column_number(column, 1)}, {row.column_number(column + 1, 1)}},
                       to_time(row.column_int64(column + 2))};
}

}  // namespace

std::optional<owned_event> reader::find_event(const uuid& id) {
    const reset_guard done(find_event_);
    find_event_.bind_blob(1, id.as_bytes());
    event_batch found;
    collect(find_event_, {direction::forward, 0, position::max().value}, {.limit = 1}, found);
    if (found.empty()) return std::nullopt;
    return owned_event(found.front());
}

stream_info reader::info_at(statement& row) const {
    auto first = place_at(row, 4);
    auto last = place_at(row, 7);
    const version removed{row.column_number(2)};
    const stream_record stream{.id = row.column_int64(0),
                               .last = last ? std::max(last->version, removed) : removed,
                               .removed = removed,
                               .state = to_state(*db_, row.column_number(3))};
    auto info = info_of(stream, std::string(row.column_bytes(1)));
    info.first = first;
    info.last = last;
    return info;
}

stream_info reader::find_stream(const stream_id& stream) {
    const reset_guard done(find_stream_);
    find_stream_.bind_text(1, stream.str());
    return find_stream_.step() ? info_at(find_stream_) : stream_info{.stream = stream.str()};
}

std::vector<stream_info> reader::list_streams(const stream_list_options& options) {
    std::vector<stream_info> listed;
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
        auto info = info_at(list_streams_);
        if (info.state == stream_state::live || options.removed) listed.push_back(std::move(info));
    }
    return listed;
}

}  // namespace stele::inline v0::detail
