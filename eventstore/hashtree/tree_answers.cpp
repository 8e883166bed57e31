#include "eventstore/hashtree/tree_answers.hpp"

#include "eventstore/hashtree/tree.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <string_view>

namespace stele::inline v0::detail {
namespace {

void check_size(std::string_view what, position size, const tile_source& tree) {
    if (size.value > tree.size())
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: there is no tree of size {} yet, the last event is at position {}; name a size "
                                "from 0 to {}",
                                what, size, tree.size(), tree.size()));
}

}  // namespace

tree_root root_of(tile_source& tree, std::optional<position> size) {
    if (size) check_size("root", *size, tree);
    const auto whole = size.value_or(position{tree.size()});
    return {.size = whole, .hash = tree_hash_of(tree, whole.value)};
}

inclusion_proof prove_inclusion(tile_source& tree, position event, position size) {
    check_size("prove_inclusion", size, tree);
    return {.event = event, .size = size, .hashes = inclusion_path(tree, event.value - 1, size.value)};
}

consistency_proof prove_consistency(tile_source& tree, position old_size, position new_size) {
    check_size("prove_consistency", new_size, tree);
    return {
        .old_size = old_size, .new_size = new_size, .hashes = consistency_path(tree, old_size.value, new_size.value)};
}

}  // namespace stele::inline v0::detail
