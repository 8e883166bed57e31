#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/uuid.hpp>

#include <cstdint>
#include <string>

namespace stele::inline v0::detail {

/// What a merge goes through, in this order. Part of the file format.
enum class merge_phase : std::uint8_t { streams, tags, ids_in_order, ids_out_of_order };

/// How far the indices reach, and how far the merge under way has come: the row of stele_merge.
struct merge_state {
    std::int64_t merged = 0;   ///< The indices hold every event up to here.
    std::int64_t merging = 0;  ///< They will when the merge under way ends; equal to `merged` if none is.
    merge_phase phase = merge_phase::streams;
    /// The key of the last that was merged in this phase: a number, big-endian, or an id. Empty: none was.
    std::string after;
    /// No event up to `merged`, and none that was removed, has a greater id among those in order.
    uuid greatest_id;

    [[nodiscard]] bool is_under_way() const { return merging > merged; }
    /// `after` as a number; 0 if it is empty.
    [[nodiscard]] std::int64_t after_number() const;
    void set_after(std::int64_t number);
    void go_to(merge_phase next);
};

/// Reads and writes that row.
class merge_row {
public:
    explicit merge_row(connection& db);

    /// Throws stele::error (corrupt) if it cannot be right.
    merge_state read();
    void write(const merge_state& state);

private:
    connection& db_;
    statement read_, write_;
};

}  // namespace stele::inline v0::detail
