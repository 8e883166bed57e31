#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace stele::inline v0::detail {

/// Part of the file format: the column `state` of `streams`.
enum class stream_state : std::uint8_t { live = 0, deleted = 1, tombstoned = 2 };

/// What the writer knows of a stream: its row, and the version of its last event, also of one that was removed.
struct stream_entry {
    std::int64_t id = 0;  ///< 0: there is no row yet.
    stele::version last;
    stele::version removed;  ///< Events up to this one were removed.
    stream_state state = stream_state::live;

    /// The version as an append sees it.
    [[nodiscard]] stele::version version() const { return state == stream_state::live ? last : stele::version{}; }
};

/// What the writer knows of an event type: its row, and the last block that is listed for it.
struct type_entry {
    std::int64_t id = 0;
    std::int64_t block = -1;
};

/// The rows of `streams` and `types`, with a memory of those seen. Used inside the writer's transaction; what it
/// remembers holds as long as nobody else writes and nothing is rolled back: the writer calls forget() then.
class catalog {
public:
    explicit catalog(connection& db);

    stream_entry find_stream(const stream_id& name);
    /// Makes the row of a stream that has none.
    void add_stream(stream_entry& stream, const stream_id& name);
    /// Writes the state, and that events up to `removed_up_to` are gone (never fewer than before).
    void update_stream(stream_entry& stream, stele::version removed_up_to);
    void remember(const stream_id& name, const stream_entry& stream);

    /// Finds or makes the row of a type. The reference is good until forget().
    type_entry& find_type(const std::string& name);
    /// Sees to it that the block of an event at `position` is listed for its type.
    void list_block(type_entry& type, std::int64_t position);

    void forget() noexcept;

private:
    connection& db_;
    std::unordered_map<std::string, stream_entry> streams_;
    std::unordered_map<std::string, type_entry> types_;
    statement find_stream_, add_stream_, update_stream_, last_version_, find_type_, add_type_, add_block_;
};

}  // namespace stele::inline v0::detail
