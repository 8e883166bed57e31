#pragma once

#include "eventstore/sqlite/index/tail.hpp"

#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace stele::inline v0::detail {

/// What the indices of a read transaction say: they hold the events up to `merged`, and the tail those after it, up to
/// `head`.
struct index_snapshot {
    std::int64_t merged = 0;
    std::int64_t head = 0;
    bool added = false;    ///< Whether tags were added to stored events.
    bool tagging = false;  ///< Whether a key of tags is not complete.
    bool begun = false;    ///< Whether one ever began to be added to stored events.
};

/// Where the events of a stream, a tag or an id are: the tables of the index, and the tail. One for each connection;
/// one thread at a time.
class event_index {
public:
    /// Both must outlive it.
    event_index(connection& db, index_tail& tail);

    /// Looks at the tables in the read transaction that is open, or else in one that lasts until leave(), and brings
    /// the tail up to them. Until leave(), the tail keeps what the snapshot needs.
    index_snapshot look();
    void leave() noexcept;

    /// The positions, up to `up_to`, of the versions of a stream in a range, in the order of `order`, at most `most`.
    std::vector<std::int64_t> find_versions(const index_snapshot& at, std::int64_t stream, version_range versions,
                                            std::int64_t up_to, direction order, std::size_t most);
    /// The last version of a stream that an index knows, also if its event was removed; 0 if none does.
    std::int64_t last_version(const index_snapshot& at, std::int64_t stream);
    /// The position of the event with this id; nothing if there is none.
    std::optional<std::int64_t> find_id(const index_snapshot& at, const uuid& id);
    /// Whether the event at a position is there and has this id.
    bool has_id_at(const uuid& id, std::int64_t position);

    [[nodiscard]] index_tail& tail() { return tail_; }

private:
    bool try_look(index_snapshot& found);
    std::vector<index_entry> read_tail(std::int64_t after, std::int64_t up_to);
    void find_in_runs(std::int64_t stream, version_range versions, std::int64_t up_to, std::size_t most,
                      std::vector<std::int64_t>& found);
    void find_in_runs_backward(std::int64_t stream, version_range versions, std::int64_t up_to, std::size_t most,
                               std::vector<std::int64_t>& found);
    void find_in_id_tables(const uuid& id, std::vector<std::int64_t>& found);

    connection& db_;
    index_tail& tail_;
    std::optional<std::int64_t> looks_from_ = {};  // while a look has not ended
    statement state_, tail_rows_, runs_, runs_backward_, id_, id_block_, is_at_;
};

/// Keeps the snapshot of an index until the scope ends.
class index_look {
public:
    explicit index_look(event_index& index) : index_(index), snapshot_(index.look()) {}
    index_look(const index_look&) = delete;
    index_look& operator=(const index_look&) = delete;
    ~index_look() { index_.leave(); }

    [[nodiscard]] const index_snapshot& operator*() const { return snapshot_; }
    [[nodiscard]] const index_snapshot* operator->() const { return &snapshot_; }

private:
    event_index& index_;
    index_snapshot snapshot_;
};

/// The columns of an event that the tail is made of, in the order in which entry_at() takes them.
inline constexpr std::string_view tail_columns = "SELECT position, stream, version, id, flags, tags FROM events";
index_entry entry_at(const statement& row);

/// The position behind each check of a block of ids whose check fits `id`. Throws corrupt.
std::vector<std::int64_t> candidates_in_block(const connection& db, std::string_view checks, const uuid& id);
/// The bytes of an id that stand in a block.
inline constexpr std::size_t check_bytes = 2;

}  // namespace stele::inline v0::detail
