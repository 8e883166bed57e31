// What an event_store says about its hash tree, over the tiles of any engine.

#include "eventstore/hashtree/tree.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/format.hpp>

#include <string_view>

namespace stele::inline v0 {
namespace {

void check_size(std::string_view what, position size, const detail::tile_source& tree) {
    if (size.value > tree.size())
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: there is no tree of size {}, the last event is at position {}; name a size from 0 "
                                "to {}",
                                what, size, tree.size(), tree.size()));
}

}  // namespace

tree_root event_store::root() {
    tree_root found;
    do_read_tree([&](detail::tile_source& tree) {
        found = {.size = {tree.size()}, .hash = detail::tree_hash_of(tree, tree.size())};
    });
    return found;
}

tree_root event_store::root(position size) {
    tree_root found{.size = size, .hash = {}};
    do_read_tree([&](detail::tile_source& tree) {
        check_size("root", size, tree);
        found.hash = detail::tree_hash_of(tree, size.value);
    });
    return found;
}

inclusion_proof event_store::prove_inclusion(position event, position size) {
    inclusion_proof proof{.event = event, .size = size, .hashes = {}};
    do_read_tree([&](detail::tile_source& tree) {
        check_size("prove_inclusion", size, tree);
        if (event.value == 0 || event > size)
            throw error(error_kind::invalid_argument,
                        size.value == 0
                            ? fmt::format("prove_inclusion: a tree of size 0 has no events; name a size from 1 to {}",
                                          tree.size())
                            : fmt::format("prove_inclusion: a tree of size {} has no event at position {}; name a "
                                          "position from 1 to {}",
                                          size, event, size));
        proof.hashes = detail::inclusion_path(tree, event.value - 1, size.value);
    });
    return proof;
}

consistency_proof event_store::prove_consistency(position old_size, position new_size) {
    consistency_proof proof{.old_size = old_size, .new_size = new_size, .hashes = {}};
    do_read_tree([&](detail::tile_source& tree) {
        check_size("prove_consistency", new_size, tree);
        if (old_size > new_size)
            throw error(error_kind::invalid_argument,
                        fmt::format("prove_consistency: a tree of size {} does not continue one of size {}; name an "
                                    "old size from 0 to {}",
                                    new_size, old_size, new_size));
        proof.hashes = detail::consistency_path(tree, old_size.value, new_size.value);
    });
    return proof;
}

void event_store::do_read_tree(const std::function<void(detail::tile_source&)>& /*use*/) {
    throw error(error_kind::invalid_argument,
                "this store keeps no hash tree, so it has no root and proves nothing; use one that does");
}

}  // namespace stele::inline v0
