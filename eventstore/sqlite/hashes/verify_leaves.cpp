#include "eventstore/sqlite/hashes/verify_leaves.hpp"

#include "eventstore/sqlite/hashes/hash_rows.hpp"
#include "eventstore/sqlite/hashes/leaf_check.hpp"

#include <stele/eventstore/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace stele::inline v0::detail {
namespace {

using written_leaves = std::vector<std::optional<tree_hash>>;

// The leaves of the tile that begins after `after`, as far as they are written. A row that is damaged is reported, and
// counts as none.
std::optional<written_leaves> leaves_of_tile(hash_rows& rows, std::uint64_t after, std::uint64_t head,
                                             const damage_report& report) {
    try {
        if (head - after < tile_hashes) return rows.written_leaves(after, head);
        const auto tile = rows.tile({0, after / tile_hashes});
        return written_leaves(tile.begin(), tile.end());
    } catch (const error& fault) {
        if (fault.kind() != error_kind::corrupt) throw;
        if (!report(fmt::format("the leaves of the events from position {} on cannot be read: {}", after + 1,
                                fault.what())))
            return std::nullopt;
        return written_leaves(tile_hashes);
    }
}

// Why the event does not fit to its leaf; empty if it does.
std::string difference(leaf_rows& events, const std::optional<tree_hash>& expected) {
    const auto leaf = events.leaf();
    if (!leaf) return fmt::format("the event at position {} is damaged: {}", events.position(), leaf.error());
    if (!expected || *leaf == *expected) return {};
    return difference_from_leaf(events.position(), *expected, *leaf);
}

class tile_check {
public:
    tile_check(connection& db, const damage_report& report) : db_(db), rows_(db), report_(report) {}

    bool run() {
        auto count = rows_.head() / tile_hashes;  // full tiles of level 0
        unsigned level = 0;
        for (; count > 0; ++level, count /= tile_hashes) {
            if (!check_count(level, count)) return false;
            for (std::uint64_t index = 0; index < count / tile_hashes; ++index)
                if (!check_tile({level + 1, index})) return false;
        }
        return check_count(level, 0) && check_open_leaves();
    }

private:
    bool check_count(unsigned level, std::uint64_t count) {
        auto query = db_.prepare("SELECT count(*), max(tile) FROM stele_hash_tiles WHERE level = ?1");
        query.bind(1, std::int64_t{level});
        query.step();
        const auto found = static_cast<std::uint64_t>(query.column_int64(0));
        if (found == count && (count == 0 || static_cast<std::uint64_t>(query.column_int64(1)) == count - 1))
            return true;
        return report_(
            fmt::format("the hash tree has {} tiles of level {}, the last one with number {}; for {} events "
                        "there are {}, numbered from 0",
                        found, level, query.column_int64(1), rows_.head(), count));
    }

    // verify_leaves() compares those that belong to the open tile.
    bool check_open_leaves() {
        auto query = db_.prepare(
            "SELECT position, length(hashes) / 32 FROM stele_open_leaves WHERE position <= ?1 OR "
            "position + length(hashes) / 32 - 1 > ?2");
        const auto head = rows_.head();
        query.bind(1, static_cast<std::int64_t>(head - head % tile_hashes));
        query.bind(2, static_cast<std::int64_t>(head));
        while (query.step())
            if (!report_(
                    fmt::format("the hash tree has {} open leaves from position {} on, which are not of the events "
                                "after its last full tile",
                                query.column_int64(1), query.column_int64(0))))
                return false;
        return true;
    }

    // A tile that is missing or damaged is reported with the count, or where its hashes are needed.
    bool check_tile(tile_place place) {
        std::vector<tree_hash> hashes;
        try {
            const auto tile = rows_.tile(place);
            hashes.assign(tile.begin(), tile.end());
        } catch (const error& fault) {
            if (fault.kind() != error_kind::corrupt) throw;
            return report_(fault.what());
        }
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            const tile_place below{place.level - 1, place.index * tile_hashes + i};
            try {
                if (hash_over(rows_.tile(below)) == hashes[i]) continue;
            } catch (const error& fault) {
                if (fault.kind() != error_kind::corrupt) throw;
            }
            if (!report_(fmt::format("tile {} of level {} of the hash tree is not what the level above says of it, or "
                                     "that one, tile {}, is damaged",
                                     below.index, below.level, place.index)))
                return false;
        }
        return true;
    }

    connection& db_;
    hash_rows rows_;
    const damage_report& report_;
};

}  // namespace

bool verify_leaves(connection& db, position after, position up_to, const damage_report& report) {
    if (!has_hash_tree(db)) return true;
    hash_rows rows(db);
    leaf_rows events(db);
    const auto head = rows.head();
    const auto end = std::min(up_to.value, head);
    for (auto tile = after.value - after.value % tile_hashes; tile < end; tile += tile_hashes) {
        const auto leaves = leaves_of_tile(rows, tile, std::min(head, tile + tile_hashes), report);
        if (!leaves) return false;
        const auto reading = events.read(std::max(tile, after.value), std::min(end, tile + tile_hashes));
        while (events.next()) {
            const auto found = difference(events, (*leaves)[events.position() - tile - 1]);
            if (!found.empty() && !report(found)) return false;
        }
    }
    return true;
}

bool verify_tiles(connection& db, const damage_report& report) {
    if (!has_hash_tree(db))
        return db.integer(
                   "SELECT (SELECT count(*) FROM stele_hash_tiles) + (SELECT count(*) FROM stele_open_leaves)") == 0 ||
               report("the store is said to have no hash tree, and it has a part of one");
    return tile_check(db, report).run();
}

void verify_tree(connection& db, const damage_report& report) {
    if (verify_leaves(db, {}, position::max(), report)) verify_tiles(db, report);
}

}  // namespace stele::inline v0::detail
