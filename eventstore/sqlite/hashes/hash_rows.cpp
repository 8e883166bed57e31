#include "eventstore/sqlite/hashes/hash_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace stele::inline v0::detail {

bool has_hash_tree(connection& db) {
    return db.integer("SELECT count(*) FROM stele_store WHERE name = 'hash_tree' AND value = CAST('off' AS BLOB)") == 0;
}

hash_rows::hash_rows(connection& db)
    : db_(db),
      tile_query_(db.prepare("SELECT hashes FROM stele_hash_tiles WHERE level = ?1 AND tile = ?2")),
      // A row that begins before the events may reach into them; it has at most a tile.
      open_query_(db.prepare("SELECT position, hashes FROM stele_open_leaves WHERE position > ?1 - 256 AND "
                             "position <= ?2 ORDER BY position")),
      head_query_(db.prepare("SELECT max(position) FROM events")),
      events_(db) {}

std::span<const tree_hash> hash_rows::tile(tile_place place) {
    if (const auto found = find_tile(place)) return *found;
    throw db_.damage(fmt::format("tile {} of level {} of the hash tree is missing", place.index, place.level));
}

std::optional<std::span<const tree_hash>> hash_rows::find_tile(tile_place place) {
    const reset_guard done(tile_query_);
    tile_query_.bind(1, std::int64_t{place.level});
    tile_query_.bind(2, static_cast<std::int64_t>(place.index));
    if (!tile_query_.step()) return std::nullopt;
    const auto bytes = tile_query_.column_bytes(0);
    if (bytes.size() != tile_hashes * sizeof(tree_hash))
        throw db_.damage(fmt::format("tile {} of level {} of the hash tree has {} bytes instead of {}", place.index,
                                     place.level, bytes.size(), tile_hashes * sizeof(tree_hash)));
    tile_.resize(tile_hashes);
    std::memcpy(tile_.data(), bytes.data(), bytes.size());
    return tile_;
}

std::vector<std::optional<tree_hash>> hash_rows::written_leaves(std::uint64_t after, std::uint64_t head) {
    std::vector<std::optional<tree_hash>> leaves(head - after);
    const reset_guard done(open_query_);
    open_query_.bind(1, static_cast<std::int64_t>(after));
    open_query_.bind(2, static_cast<std::int64_t>(head));
    while (open_query_.step()) {
        auto where = open_query_.column_number(0, 1);
        const auto hashes = hashes_from_bytes(open_query_.column_bytes(1));
        if (!hashes)
            throw db_.damage(
                fmt::format("the leaves from position {} on in the hash tree have {} bytes, which are no "
                            "hashes",
                            where, open_query_.column_bytes(1).size()));
        for (const auto& each : *hashes) {
            if (where > after && where <= head) {
                auto& leaf = leaves[where - after - 1];
                if (leaf && *leaf != each)
                    throw db_.damage(fmt::format("the hash tree has two leaves for position {}", where));
                leaf = each;
            }
            ++where;
        }
    }
    return leaves;
}

hash_rows::leaves_after hash_rows::open_leaves(std::uint64_t after, std::uint64_t head) {
    auto leaves = written_leaves(after, head);
    const auto missing = std::ranges::find(leaves, false, &std::optional<tree_hash>::has_value);
    leaves_after found{.all = {}, .written = static_cast<std::size_t>(missing - leaves.begin())};
    if (missing != leaves.end()) derive(leaves, found.written, after, head);
    found.all.reserve(leaves.size());
    for (const auto& each : leaves) found.all.push_back(*each);
    return found;
}

// Computes the leaves that are missing from the `first` on.
void hash_rows::derive(std::vector<std::optional<tree_hash>>& leaves, std::size_t first, std::uint64_t after,
                       std::uint64_t head) {
    const auto reading = events_.read(after + first, head);
    bool any = events_.next();
    for (auto i = first; i < leaves.size(); ++i) {
        const auto where = after + i + 1;
        while (any && events_.position() < where) any = events_.next();
        if (leaves[i]) continue;
        if (!any || events_.position() != where)
            throw db_.damage(
                fmt::format("the event at position {} was removed, and its leaf in the hash tree is "
                            "missing",
                            where));
        const auto leaf = events_.leaf();
        if (!leaf) throw db_.damage(fmt::format("the event at position {} is damaged: {}", where, leaf.error()));
        leaves[i] = *leaf;
    }
}

std::uint64_t hash_rows::head() {
    const reset_guard done(head_query_);
    return head_query_.step() ? head_query_.column_number(0) : 0;
}

}  // namespace stele::inline v0::detail
