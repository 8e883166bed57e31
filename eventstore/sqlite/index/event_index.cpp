#include "eventstore/sqlite/index/event_index.hpp"

#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/index/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace stele::inline v0::detail {

index_entry entry_at(const statement& row) {
    const auto id = uuid::from_bytes(row.column_bytes(3));
    return {.position = static_cast<std::int64_t>(row.column_number(0, 1)),
            .stream = row.column_int64(1),
            .version = static_cast<std::int64_t>(row.column_number(2, 1)),
            .id = id.value_or(uuid{}),
            .in_order = (row.column_int64(4) & event_flags::id_in_order) != 0,
            .tags = std::string(row.column_bytes(5))};
}

std::vector<std::int64_t> candidates_in_block(const connection& db, std::string_view checks, const uuid& id) {
    std::vector<std::int64_t> found;
    const auto wanted = id.as_bytes().substr(id.as_bytes().size() - check_bytes);
    run_reader positions(checks);
    while (const auto position = positions.next())
        if (positions.take(check_bytes) == wanted) found.push_back(*position);
    if (positions.is_damaged()) throw db.damage("a block of event ids is damaged");
    return found;
}

event_index::event_index(connection& db, index_tail& tail)
    : db_(db),
      tail_(tail),
      state_(db.prepare("SELECT merged_up_to, (SELECT ifnull(max(position), 0) FROM events), "
                        "EXISTS (SELECT 1 FROM stele_added_tags), "
                        "EXISTS (SELECT 1 FROM stele_tagging WHERE up_to < goal), "
                        "EXISTS (SELECT 1 FROM stele_tagging WHERE since > 0) FROM stele_merge")),
      tail_rows_(db.prepare(fmt::format("{} WHERE position > ?1 AND position <= ?2 ORDER BY position", tail_columns))),
      runs_(db.prepare("SELECT version, positions FROM stele_stream_runs WHERE stream = ?1 AND version >= ifnull("
                       "(SELECT max(version) FROM stele_stream_runs WHERE stream = ?1 AND version <= ?2), 0) "
                       "ORDER BY version")),
      runs_backward_(db.prepare("SELECT version, positions FROM stele_stream_runs WHERE stream = ?1 AND "
                                "version <= ?2 ORDER BY version DESC")),
      id_(db.prepare("SELECT position FROM stele_event_ids WHERE id = ?1")),
      id_block_(db.prepare("SELECT checks FROM stele_id_blocks WHERE id <= ?1 ORDER BY id DESC LIMIT 1")),
      is_at_(db.prepare("SELECT 1 FROM events WHERE position = ?1 AND id = ?2")) {}

index_snapshot event_index::look() {
    index_snapshot found;
    // Each part that was dropped is in the tables of the next snapshot, and each removal is in it.
    constexpr int most_attempts = 1000;
    for (int attempt = 0; attempt < most_attempts; ++attempt, leave())
        if (try_look(found)) return found;
    throw db_.damage("its indices reach less far than they did");
}

bool event_index::try_look(index_snapshot& found) {
    if (!state_.step()) throw db_.damage("it lacks the row that says how far its indices reach");
    found = {.merged = static_cast<std::int64_t>(state_.column_number(0)),
             .head = static_cast<std::int64_t>(state_.column_number(1)),
             .added = state_.column_int64(2) != 0,
             .tagging = state_.column_int64(3) != 0,
             .begun = state_.column_int64(4) != 0};
    if (found.merged > found.head)
        throw db_.damage(fmt::format("its indices hold the events up to position {}, but the last event is at {}",
                                     found.merged, found.head));
    tail_.catch_up(found.merged, found.head, [&](std::int64_t after) { return read_tail(after, found.head); });
    if (!tail_.enter(found.merged, found.head)) return false;
    looks_from_ = found.merged;
    return true;
}

void event_index::leave() noexcept {
    state_.reset();
    if (looks_from_) tail_.leave(*looks_from_);
    looks_from_.reset();
}

std::vector<index_entry> event_index::read_tail(std::int64_t after, std::int64_t up_to) {
    std::vector<index_entry> entries;
    const reset_guard done(tail_rows_);
    tail_rows_.bind(1, after);
    tail_rows_.bind(2, up_to);
    while (tail_rows_.step()) entries.push_back(entry_at(tail_rows_));
    return entries;
}

std::vector<std::int64_t> event_index::find_versions(const index_snapshot& at, std::int64_t stream,
                                                     version_range versions, std::int64_t up_to, direction order,
                                                     std::size_t most) {
    std::vector<std::int64_t> found;
    const auto merged = std::min(at.merged, up_to);
    const position_range in_tail{at.merged, std::min(at.head, up_to)};
    if (versions.first > versions.last) return found;
    if (order == direction::forward) {
        find_in_runs(stream, versions, merged, most, found);
        tail_.find_versions(stream, in_tail, versions, most, found);
    } else {
        tail_.find_versions_backward(stream, in_tail, versions, most, found);
        find_in_runs_backward(stream, versions, merged, most, found);
    }
    return found;
}

void event_index::find_in_runs(std::int64_t stream, version_range versions, std::int64_t up_to, std::size_t most,
                               std::vector<std::int64_t>& found) {
    const reset_guard done(runs_);
    runs_.bind(1, stream);
    runs_.bind(2, versions.first);
    while (runs_.step()) {
        auto version = static_cast<std::int64_t>(runs_.column_number(0, 1));
        run_reader positions(runs_.column_bytes(1));
        for (auto each = positions.next(); each; each = positions.next(), ++version) {
            if (*each > up_to || version > versions.last || found.size() >= most) return;
            if (version >= versions.first) found.push_back(*each);
        }
        expect_sound(positions, db_, "stream", stream);
    }
}

void event_index::find_in_runs_backward(std::int64_t stream, version_range versions, std::int64_t up_to,
                                        std::size_t most, std::vector<std::int64_t>& found) {
    const reset_guard done(runs_backward_);
    runs_backward_.bind(1, stream);
    runs_backward_.bind(2, versions.last);
    std::vector<std::int64_t> row;
    while (found.size() < most && runs_backward_.step()) {
        auto version = static_cast<std::int64_t>(runs_backward_.column_number(0, 1));
        const bool is_last = version <= versions.first;
        run_reader positions(runs_backward_.column_bytes(1));
        row.clear();
        for (auto each = positions.next(); each; each = positions.next(), ++version)
            if (*each <= up_to && version >= versions.first && version <= versions.last) row.push_back(*each);
        expect_sound(positions, db_, "stream", stream);
        for (const auto each : row | std::views::reverse)
            if (found.size() < most) found.push_back(each);
        if (is_last) return;
    }
}

std::int64_t event_index::last_version(const index_snapshot& at, std::int64_t stream) {
    if (const auto in_tail = tail_.last_version(stream, {at.merged, at.head}); in_tail != 0) return in_tail;
    const reset_guard done(runs_backward_);
    runs_backward_.bind(1, stream);
    runs_backward_.bind(2, version_range{}.last);
    while (runs_backward_.step()) {
        const auto first = static_cast<std::int64_t>(runs_backward_.column_number(0, 1));
        std::int64_t count = 0;
        run_reader positions(runs_backward_.column_bytes(1));
        for (auto each = positions.next(); each && *each <= at.merged; each = positions.next()) ++count;
        expect_sound(positions, db_, "stream", stream);
        // Runs of a merge under way are in the tail, or were removed.
        if (count > 0) return first + count - 1;
    }
    return 0;
}

std::optional<std::int64_t> event_index::find_id(const index_snapshot& at, const uuid& id) {
    std::vector<std::int64_t> places;
    tail_.find_id(id, {at.merged, at.head}, places);
    find_in_id_tables(id, places);
    for (const auto each : places)
        if (has_id_at(id, each)) return each;
    return std::nullopt;
}

void event_index::find_in_id_tables(const uuid& id, std::vector<std::int64_t>& found) {
    const reset_guard id_done(id_);
    id_.bind_blob(1, id.as_bytes());
    if (id_.step()) found.push_back(static_cast<std::int64_t>(id_.column_number(0, 1)));
    const reset_guard block_done(id_block_);
    id_block_.bind_blob(1, id.as_bytes());
    if (!id_block_.step()) return;
    std::ranges::copy(candidates_in_block(db_, id_block_.column_bytes(0), id), std::back_inserter(found));
}

bool event_index::has_id_at(const uuid& id, std::int64_t position) {
    const reset_guard done(is_at_);
    is_at_.bind(1, position);
    is_at_.bind_blob(2, id.as_bytes());
    return is_at_.step();
}

}  // namespace stele::inline v0::detail
