#pragma once

#include "eventstore/sqlite/index/tail_part.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// Writes the tables of the indices. In the writer's transaction.
class index_tables {
public:
    explicit index_tables(connection& db);

    /// Writes runs of a stream, or of a tag.
    void put_stream(std::int64_t stream, const version_run& run);
    void put_tag(std::int64_t tag, std::span<const std::int64_t> positions);
    /// Writes a block of ids in order, at most ids_per_block.
    void put_block(std::span<const id_position> ids);
    void put_id(const id_position& id);

    /// Joins the last runs of a stream before `version`, if they are many and short.
    void join_stream(std::int64_t stream, std::int64_t version);

    /// Removes the versions of a stream up to one from its runs; a position from those of a tag; an id.
    void remove_versions(std::int64_t stream, std::int64_t up_to);
    void remove_tagged(std::int64_t tag, std::int64_t position);
    void remove_id(const uuid& id);

    /// Most positions in a run that is written; a run of this many is read in microseconds.
    static constexpr std::size_t run_positions = 256;
    static constexpr std::size_t ids_per_block = 64;

private:
    void put_row(statement& put, std::int64_t key, std::int64_t first, std::string_view positions);
    std::vector<std::int64_t> positions_of(std::string_view run, std::string_view of, std::int64_t id) const;

    connection& db_;
    statement put_stream_, put_tag_, put_block_, put_id_;
    statement runs_before_, remove_runs_, last_run_, tag_run_, remove_tag_run_, remove_id_;
};

}  // namespace stele::inline v0::detail
