#include "eventstore/sqlite/index/index_tables.hpp"

#include "eventstore/sqlite/index/event_index.hpp"
#include "eventstore/sqlite/index/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string>

namespace stele::inline v0::detail {
namespace {

// Runs that are shorter are joined, this many at once.
constexpr std::size_t short_run = 128;
constexpr std::size_t joined_runs = 64;

std::string run_of(std::span<const std::int64_t> positions) {
    run_writer run;
    for (const auto each : positions) run.add(each);
    return run.bytes();
}

// Calls `write` with pieces that are not too long.
void in_pieces(std::span<const std::int64_t> positions, const auto& write) {
    for (std::size_t from = 0; from < positions.size(); from += index_tables::run_positions)
        write(from, positions.subspan(from, std::min(index_tables::run_positions, positions.size() - from)));
}

}  // namespace

index_tables::index_tables(connection& db)
    : db_(db),
      put_stream_(db.prepare("INSERT OR REPLACE INTO stele_stream_runs (stream, version, positions) "
                             "VALUES (?1, ?2, ?3)")),
      put_tag_(db.prepare("INSERT OR REPLACE INTO stele_tag_runs (tag, position, positions) VALUES (?1, ?2, ?3)")),
      put_block_(db.prepare("INSERT OR REPLACE INTO stele_id_blocks (id, checks) VALUES (?1, ?2)")),
      put_id_(db.prepare("INSERT OR REPLACE INTO stele_event_ids (id, position) VALUES (?1, ?2)")),
      runs_before_(db.prepare("SELECT version, positions FROM stele_stream_runs WHERE stream = ?1 AND version < ?2 "
                              "ORDER BY version DESC")),
      remove_runs_(db.prepare("DELETE FROM stele_stream_runs WHERE stream = ?1 AND version BETWEEN ?2 AND ?3")),
      last_run_(db.prepare("SELECT version, positions FROM stele_stream_runs WHERE stream = ?1 AND version <= ?2 "
                           "ORDER BY version DESC LIMIT 1")),
      tag_run_(db.prepare("SELECT position, positions FROM stele_tag_runs WHERE tag = ?1 AND position <= ?2 "
                          "ORDER BY position DESC LIMIT 1")),
      remove_tag_run_(db.prepare("DELETE FROM stele_tag_runs WHERE tag = ?1 AND position = ?2")),
      remove_id_(db.prepare("DELETE FROM stele_event_ids WHERE id = ?1")) {}

void index_tables::put_row(statement& put, std::int64_t key, std::int64_t first, std::string_view positions) {
    put.bind(1, key);
    put.bind(2, first);
    put.bind_blob(3, positions);
    put.run();
}

void index_tables::put_stream(std::int64_t stream, const version_run& run) {
    in_pieces(run.positions, [&](std::size_t from, std::span<const std::int64_t> piece) {
        put_row(put_stream_, stream, run.first + static_cast<std::int64_t>(from), run_of(piece));
    });
}

void index_tables::put_tag(std::int64_t tag, std::span<const std::int64_t> positions) {
    in_pieces(positions, [&](std::size_t, std::span<const std::int64_t> piece) {
        put_row(put_tag_, tag, piece.front(), run_of(piece));
    });
}

void index_tables::put_block(std::span<const id_position> ids) {
    std::string checks;
    std::int64_t before = 0;
    for (const auto& [id, position] : ids) {
        add_varint(checks, static_cast<std::uint64_t>(position - before));
        checks += id.as_bytes().substr(id.as_bytes().size() - check_bytes);
        before = position;
    }
    put_block_.bind_blob(1, ids.front().first.as_bytes());
    put_block_.bind_blob(2, checks);
    put_block_.run();
}

void index_tables::put_id(const id_position& id) {
    put_id_.bind_blob(1, id.first.as_bytes());
    put_id_.bind(2, id.second);
    put_id_.run();
}

std::vector<std::int64_t> index_tables::positions_of(std::string_view run, std::string_view of, std::int64_t id) const {
    std::vector<std::int64_t> positions;
    run_reader rest(run);
    while (const auto each = rest.next()) positions.push_back(*each);
    expect_sound(rest, db_, of, id);
    return positions;
}

void index_tables::join_stream(std::int64_t stream, std::int64_t version) {
    std::vector<version_run> runs;  // from the last one back
    {
        const reset_guard done(runs_before_);
        runs_before_.bind(1, stream);
        runs_before_.bind(2, version);
        while (runs.size() < joined_runs && runs_before_.step()) {
            version_run run{static_cast<std::int64_t>(runs_before_.column_number(0, 1)),
                            positions_of(runs_before_.column_bytes(1), "stream", stream)};
            const bool adjoins = runs.empty() || run.first + std::ssize(run.positions) == runs.back().first;
            if (!adjoins || run.positions.size() >= short_run) break;
            runs.push_back(std::move(run));
        }
    }
    if (runs.size() < 2) return;
    version_run joined{runs.back().first, {}};
    for (const auto& each : runs | std::views::reverse)
        joined.positions.insert(joined.positions.end(), each.positions.begin(), each.positions.end());
    remove_runs_.bind(1, stream);
    remove_runs_.bind(2, joined.first);
    remove_runs_.bind(3, runs.front().first);
    remove_runs_.run();
    put_stream(stream, joined);
}

void index_tables::remove_versions(std::int64_t stream, std::int64_t up_to) {
    version_run rest;
    {
        const reset_guard done(last_run_);
        last_run_.bind(1, stream);
        last_run_.bind(2, up_to);
        if (!last_run_.step()) return;
        const auto first = static_cast<std::int64_t>(last_run_.column_number(0, 1));
        const auto positions = positions_of(last_run_.column_bytes(1), "stream", stream);
        const auto gone = std::min(static_cast<std::size_t>(up_to - first + 1), positions.size());
        rest = {up_to + 1, {positions.begin() + static_cast<std::ptrdiff_t>(gone), positions.end()}};
    }
    remove_runs_.bind(1, stream);
    remove_runs_.bind(2, std::int64_t{0});
    remove_runs_.bind(3, up_to);
    remove_runs_.run();
    put_stream(stream, rest);
}

void index_tables::remove_tagged(std::int64_t tag, std::int64_t position) {
    std::int64_t first = 0;
    std::vector<std::int64_t> positions;
    {
        const reset_guard done(tag_run_);
        tag_run_.bind(1, tag);
        tag_run_.bind(2, position);
        if (!tag_run_.step()) return;
        first = static_cast<std::int64_t>(tag_run_.column_number(0, 1));
        positions = positions_of(tag_run_.column_bytes(1), "tag", tag);
    }
    if (std::erase(positions, position) == 0) return;
    remove_tag_run_.bind(1, tag);
    remove_tag_run_.bind(2, first);
    remove_tag_run_.run();
    put_tag(tag, positions);
}

void index_tables::remove_id(const uuid& id) {
    remove_id_.bind_blob(1, id.as_bytes());
    remove_id_.run();
}

}  // namespace stele::inline v0::detail
