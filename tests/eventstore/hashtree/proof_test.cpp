// Who keeps a root elsewhere accepts what belongs to it and nothing else.

#include "eventstore/hashtree/naive_tree.hpp"

#include <stele/eventstore/hashtree/proof.hpp>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <string>
#include <vector>

using stele::consistency_proof;
using stele::inclusion_proof;
using stele::position;
using stele::tree_hash;
using stele::tree_root;
using stele::verify_consistency;
using stele::verify_inclusion;

namespace {

tree_hash hex(const char* digits) {
    return *tree_hash::parse(digits);
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

/// The eight entries that implementations of Certificate Transparency test with, as leaves.
std::vector<tree_hash> known_leaves() {
    std::vector<tree_hash> leaves;
    for (const auto* entry :
         {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"})
        leaves.push_back(stele::detail::hash_of(std::string(1, '\0') + unhex(entry)));
    return leaves;
}

/// And the roots over the first 1 to 8 of them.
std::vector<tree_root> known_roots() {
    std::vector<tree_root> roots;
    for (const auto* root : {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                             "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                             "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                             "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                             "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                             "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                             "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"})
        roots.push_back({.size = {roots.size() + 1}, .hash = hex(root)});
    return roots;
}

tree_root root_of(const std::vector<tree_hash>& leaves, std::size_t size) {
    return {.size = {size}, .hash = naive::mth(naive::hashes(leaves).first(size))};
}

inclusion_proof inclusion(const std::vector<tree_hash>& leaves, std::size_t event, std::size_t size) {
    return {{event}, {size}, naive::path(event - 1, naive::hashes(leaves).first(size))};
}

consistency_proof consistency(const std::vector<tree_hash>& leaves, std::size_t old_size, std::size_t size) {
    return {{old_size}, {size}, naive::proof(old_size, naive::hashes(leaves).first(size))};
}

void flip(tree_hash& hash, std::size_t bit) {
    hash.bytes[bit / 8 % 32] ^= static_cast<std::uint8_t>(1U << bit % 8);
}

/// Every list of hashes that differs from this one in one place.
std::vector<std::vector<tree_hash>> altered(const std::vector<tree_hash>& hashes) {
    std::vector<std::vector<tree_hash>> all;
    const tree_hash other{};
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        for (std::size_t bit = 0; bit < 256; bit += 37) flip(all.emplace_back(hashes)[i], bit);
        auto& shorter = all.emplace_back(hashes);
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        auto& swapped = all.emplace_back(hashes);
        std::swap(swapped[i], swapped[(i + 1) % swapped.size()]);
        if (swapped == hashes) all.pop_back();
    }
    for (std::size_t i = 0; i <= hashes.size(); ++i) {
        auto& longer = all.emplace_back(hashes);
        longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(i), i == 0 ? other : hashes[i - 1]);
    }
    return all;
}

}  // namespace

TEST_CASE("the known trees of Certificate Transparency have their roots") {
    const auto leaves = known_leaves();
    for (const auto& root : known_roots()) CHECK(root_of(leaves, root.size.value) == root);
    CHECK(tree_root::of_nothing().hash.str() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("known proofs are accepted") {
    const auto leaves = known_leaves();
    const auto roots = known_roots();
    const auto a = hex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    const auto b = hex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
    const auto c = hex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
    const auto d = hex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
    const auto e = hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
    const auto f = hex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
    const auto g = hex("b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f");
    CHECK(verify_inclusion(leaves[0], {{1}, {1}, {}}, roots[0]));
    CHECK(verify_inclusion(leaves[0], {{1}, {8}, {a, b, c}}, roots[7]));
    CHECK(verify_inclusion(leaves[5], {{6}, {8}, {d, e, roots[3].hash}}, roots[7]));
    CHECK(verify_inclusion(leaves[2], {{3}, {3}, {roots[1].hash}}, roots[2]));
    CHECK(verify_inclusion(leaves[1], {{2}, {5}, {leaves[0], b, d}}, roots[4]));
    CHECK(verify_consistency({{1}, {1}, {}}, roots[0], roots[0]));
    CHECK(verify_consistency({{1}, {8}, {a, b, c}}, roots[0], roots[7]));
    CHECK(verify_consistency({{6}, {8}, {f, e, roots[3].hash}}, roots[5], roots[7]));
    CHECK(verify_consistency({{2}, {5}, {b, d}}, roots[1], roots[4]));
    CHECK(verify_consistency({{6}, {7}, {f, g, roots[3].hash}}, roots[5], roots[6]));
}

TEST_CASE("an inclusion proof is accepted for its event and its root, and none that differs anywhere") {
    const auto leaves = naive::some_leaves(40);
    for (std::size_t size = 1; size <= leaves.size(); ++size) {
        const auto root = root_of(leaves, size);
        for (std::size_t event = 1; event <= size; ++event) {
            const auto proof = inclusion(leaves, event, size);
            REQUIRE(verify_inclusion(leaves[event - 1], proof, root));
            for (const auto& hashes : altered(proof.hashes))
                REQUIRE_FALSE(verify_inclusion(leaves[event - 1], {proof.event, proof.size, hashes}, root));
            for (std::size_t other = 0; other <= size + 1; ++other)
                if (other != event)
                    REQUIRE_FALSE(verify_inclusion(leaves[event - 1], {{other}, proof.size, proof.hashes}, root));
            REQUIRE_FALSE(verify_inclusion(tree_hash{}, proof, root));
            auto wrong = root;
            flip(wrong.hash, event);
            REQUIRE_FALSE(verify_inclusion(leaves[event - 1], proof, wrong));
            REQUIRE_FALSE(verify_inclusion(leaves[event - 1], proof, {{size + 1}, root.hash}));
        }
    }
}

TEST_CASE("a consistency proof is accepted for its two roots, and none that differs anywhere") {
    const auto leaves = naive::some_leaves(40);
    for (std::size_t size = 1; size <= leaves.size(); ++size) {
        const auto later = root_of(leaves, size);
        for (std::size_t old = 1; old <= size; ++old) {
            const auto earlier = root_of(leaves, old);
            const auto proof = consistency(leaves, old, size);
            REQUIRE(verify_consistency(proof, earlier, later));
            for (const auto& hashes : altered(proof.hashes))
                REQUIRE_FALSE(verify_consistency({proof.old_size, proof.new_size, hashes}, earlier, later));
            auto wrong = later;
            flip(wrong.hash, size);
            REQUIRE_FALSE(verify_consistency(proof, earlier, wrong));
            wrong = earlier;
            flip(wrong.hash, size);
            REQUIRE_FALSE(verify_consistency(proof, wrong, later));
            if (old != size) REQUIRE_FALSE(verify_consistency(proof, later, earlier));
            REQUIRE_FALSE(verify_consistency({{old - 1}, {size}, proof.hashes}, {{old - 1}, earlier.hash}, later));
        }
    }
}

TEST_CASE("everything continues nothing, and nothing else is called nothing") {
    const auto leaves = naive::some_leaves(3);
    const auto later = root_of(leaves, 3);
    const auto nothing = tree_root::of_nothing();
    CHECK(verify_consistency({{0}, {3}, {}}, nothing, later));
    CHECK(verify_consistency({{0}, {0}, {}}, nothing, nothing));
    CHECK_FALSE(verify_consistency({{0}, {3}, {leaves[0]}}, nothing, later));
    CHECK_FALSE(verify_consistency({{0}, {3}, {}}, {{0}, leaves[0]}, later));
    CHECK_FALSE(verify_consistency({{0}, {0}, {}}, {{0}, leaves[0]}, {{0}, leaves[0]}));
    CHECK_FALSE(verify_inclusion(leaves[0], {{0}, {0}, {}}, nothing));
    CHECK_FALSE(verify_inclusion(leaves[0], {{1}, {0}, {}}, nothing));
}

TEST_CASE("numbers beyond everything are refused") {
    const auto most = std::numeric_limits<std::uint64_t>::max();
    const auto leaves = naive::some_leaves(64);
    CHECK_FALSE(verify_inclusion(leaves[0], {{most}, {most}, leaves}, {{most}, leaves[1]}));
    CHECK_FALSE(verify_inclusion(leaves[0], {{1}, {most}, leaves}, {{most}, leaves[1]}));
    CHECK_FALSE(verify_consistency({{most - 1}, {most}, leaves}, {{most - 1}, leaves[0]}, {{most}, leaves[1]}));
    CHECK_FALSE(verify_consistency({{1}, {most}, leaves}, {{1}, leaves[0]}, {{most}, leaves[1]}));
}

TEST_CASE("proofs of large trees are accepted") {
    static const auto leaves = naive::some_leaves(5'000);
    CHECK(rc::check("random sizes", [] {
        const auto size = *rc::gen::inRange<std::size_t>(1, leaves.size() + 1);
        const auto other = *rc::gen::inRange<std::size_t>(1, size + 1);
        const auto root = root_of(leaves, size);
        RC_ASSERT(verify_inclusion(leaves[other - 1], inclusion(leaves, other, size), root));
        RC_ASSERT(verify_consistency(consistency(leaves, other, size), root_of(leaves, other), root));
    }));
}

TEST_CASE("hashes go through bytes and digits") {
    const auto leaves = naive::some_leaves(3);
    CHECK(stele::hashes_from_bytes(stele::bytes_of(leaves)) == leaves);
    CHECK(stele::hashes_from_bytes("")->empty());
    CHECK_FALSE(stele::hashes_from_bytes("33 bytes are no list of any hashes"));
    CHECK(tree_hash::parse(leaves[0].str()) == leaves[0]);
    CHECK(tree_hash::from_bytes(leaves[0].as_bytes()) == leaves[0]);
    CHECK_FALSE(tree_hash::from_bytes("short"));
    CHECK_FALSE(tree_hash::parse(leaves[0].str().substr(1)));
    CHECK_FALSE(tree_hash::parse("g" + leaves[0].str().substr(1)));
    std::string upper = leaves[0].str();
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(tree_hash::parse(upper) == leaves[0]);
}
