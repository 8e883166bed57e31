// Roots and proofs from tiles are those that the text of RFC 6962 describes.

#include "eventstore/hashtree/tree.hpp"

#include "eventstore/hashtree/naive_tree.hpp"
#include "eventstore/memory/memory_tree.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>

using stele::detail::consistency_path;
using stele::detail::inclusion_path;
using stele::detail::memory_tree;
using stele::detail::tile_source;
using stele::detail::tree_hash_of;

namespace {

// The same leaves, in the two ways that they are kept.
std::vector<std::unique_ptr<tile_source>> sources_of(const std::vector<stele::tree_hash>& leaves) {
    std::vector<std::unique_ptr<tile_source>> all;
    all.push_back(std::make_unique<naive::tiles>(leaves));
    auto in_memory = std::make_unique<memory_tree>();
    for (const auto& leaf : leaves) in_memory->add(leaf);
    all.push_back(std::move(in_memory));
    return all;
}

}  // namespace

TEST_CASE("the root of every size is that of RFC 6962") {
    const auto leaves = naive::some_leaves(600);
    for (const auto& source : sources_of(leaves))
        for (std::size_t size = 0; size <= leaves.size(); ++size)
            REQUIRE(tree_hash_of(*source, size) == naive::mth(naive::hashes(leaves).first(size)));
}

TEST_CASE("every inclusion proof of small trees is that of RFC 6962") {
    const auto leaves = naive::some_leaves(130);
    for (const auto& source : sources_of(leaves))
        for (std::size_t size = 1; size <= leaves.size(); ++size)
            for (std::size_t leaf = 0; leaf < size; ++leaf)
                REQUIRE(inclusion_path(*source, leaf, size) == naive::path(leaf, naive::hashes(leaves).first(size)));
}

TEST_CASE("every consistency proof of small trees is that of RFC 6962, and that from nothing is empty") {
    const auto leaves = naive::some_leaves(130);
    for (const auto& source : sources_of(leaves))
        for (std::size_t size = 1; size <= leaves.size(); ++size) {
            REQUIRE(consistency_path(*source, 0, size).empty());
            for (std::size_t old = 1; old <= size; ++old)
                REQUIRE(consistency_path(*source, old, size) == naive::proof(old, naive::hashes(leaves).first(size)));
        }
}

TEST_CASE("around the ends of tiles, roots and proofs are those of RFC 6962") {
    const auto leaves = naive::some_leaves(1030);
    for (const auto& source : sources_of(leaves))
        for (const std::size_t size :
             {255UL, 256UL, 257UL, 511UL, 512UL, 513UL, 767UL, 768UL, 769UL, 1023UL, 1024UL, 1025UL, 1030UL}) {
            const auto tree = naive::hashes(leaves).first(size);
            REQUIRE(tree_hash_of(*source, size) == naive::mth(tree));
            for (const std::size_t other :
                 {1UL, 2UL, 128UL, 254UL, 255UL, 256UL, 257UL, 511UL, 512UL, 513UL, 640UL, 768UL, 1024UL, 1030UL}) {
                if (other > size) continue;
                REQUIRE(inclusion_path(*source, other - 1, size) == naive::path(other - 1, tree));
                REQUIRE(consistency_path(*source, other, size) == naive::proof(other, tree));
            }
        }
}

TEST_CASE("trees with tiles of tiles are those of RFC 6962") {
    static const auto leaves = naive::some_leaves(66'600);
    static const auto source = [] {
        auto tree = std::make_unique<memory_tree>();
        for (const auto& leaf : leaves) tree->add(leaf);
        return tree;
    }();
    const auto compare = [](std::size_t size, std::size_t other) {
        const auto tree = naive::hashes(leaves).first(size);
        return tree_hash_of(*source, size) == naive::mth(tree) &&
               inclusion_path(*source, other - 1, size) == naive::path(other - 1, tree) &&
               consistency_path(*source, other, size) == naive::proof(other, tree);
    };
    for (const std::size_t size : {65'535UL, 65'536UL, 65'537UL, 65'792UL, 66'600UL}) CHECK(compare(size, size / 3));
    CHECK(rc::check("random sizes", [&] {
        const auto size = *rc::gen::inRange<std::size_t>(1, leaves.size() + 1);
        RC_ASSERT(compare(size, *rc::gen::inRange<std::size_t>(1, size + 1)));
    }));
}

TEST_CASE("a root reads no more tiles than the level above lacks hashes") {
    naive::tiles source(naive::some_leaves(1024));
    (void)tree_hash_of(source, 1024);
    CHECK(source.tiles_read == 4);  // those whose hashes the level above lacks
    source.tiles_read = 0;
    (void)inclusion_path(source, 3, 256);
    CHECK(source.tiles_read == 8);  // a tile for each hash of the path
}
