#pragma once

#include "eventstore/engine/append_rules.hpp"
#include "eventstore/sqlite/index/index_writer.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace stele::inline v0::detail {

/// What the writer knows about an event type: its row, and the last block listed for it.
struct type_entry {
    std::int64_t id = 0;
    std::int64_t block = -1;
};

/// The rows of `streams` and `types`, with a cache. Used inside the writer's transaction. The cache is valid as long as
/// nobody else writes and nothing is rolled back; after either, the writer calls forget().
class catalog {
public:
    /// Both must outlive it.
    catalog(connection& db, index_writer& index);

    stream_record find_stream(const stream_id& name);
    /// Inserts the row of a stream that has none.
    void add_stream(stream_record& stream, const stream_id& name);
    /// Writes the state, and that events up to `removed_up_to` were removed (never fewer than before).
    void update_stream(stream_record& stream, stele::version removed_up_to);
    void remember(const stream_id& name, const stream_record& stream);

    /// Finds or inserts the row of a type. The reference is valid until forget().
    type_entry& find_type(const std::string& name);
    /// Lists the block of an event at `position` for its type, unless it is listed.
    void list_block(type_entry& type, std::int64_t position);

    void forget() noexcept;

private:
    connection& db_;
    index_writer& index_;
    std::unordered_map<std::string, stream_record> streams_;
    std::unordered_map<std::string, type_entry> types_;
    statement find_stream_, add_stream_, update_stream_, find_type_, add_type_, add_block_;
};

}  // namespace stele::inline v0::detail
