#include "eventstore/sqlite/hashes/build_tiles.hpp"

#include "eventstore/hashtree/leaf.hpp"
#include "eventstore/sqlite/hashes/tile_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {

bool build_tiles(connection& db, std::size_t most_tiles) {
    const auto head = hash_rows(db).head();
    tile_writer tiles(db);
    leaf_rows events(db);
    const auto begin = tiles.begin_after_tiles();
    if (begin > head)
        throw db.damage(fmt::format("the hash tree has {} leaves, and the last event is at position {}", begin, head));
    const bool completes = (head - begin) / tile_hashes <= most_tiles;
    const auto end = completes ? head : begin + most_tiles * tile_hashes;
    const auto reading = events.read(begin, end);
    auto next = events.next() ? events.position() : end + 1;
    for (auto where = begin + 1; where <= end; ++where) {
        if (where < next) {
            tiles.add(leaf_of_unknown({where}));
        } else {
            const auto leaf = events.leaf();
            if (!leaf) throw db.damage(fmt::format("the event at position {} is damaged: {}", where, leaf.error()));
            tiles.add(*leaf);
            next = events.next() ? events.position() : end + 1;
        }
        if (where % tile_hashes == 0) tiles.write();
    }
    if (completes) tiles.write_all();
    return completes;
}

}  // namespace stele::inline v0::detail
