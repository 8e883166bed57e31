// Proofs as somebody else may send them: any numbers and hashes do no harm, and of all lists of hashes only the one
// that belongs to the numbers is accepted.
//
// The input is two bytes (the size of a small tree, and the event or the earlier size), two numbers of 8 bytes each,
// and hashes.

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t most_events = 70;

/// A store with the same events in each run of this program.
stele::memory_store& whole_store() {
    static auto& store = *[] {
        auto* made = new stele::memory_store({}, [] { return stele::timestamp{}; });
        for (std::size_t i = 0; i < most_events; ++i) {
            const stele::event_data event{.id = stele::uuid::v5({}, std::to_string(i)), .type = "test.Happened"};
            if (!made->append(stele::stream_id("s-1"), stele::expected_version::any(), event)) std::abort();
        }
        return made;
    }();
    return store;
}

stele::tree_hash leaf_of(stele::position where) {
    for (const auto& event : whole_store().read_all({.after = {where.value - 1}, .limit = 1}).events())
        return stele::leaf_hash(event);
    std::abort();
}

void expect(bool holds) {
    if (!holds) std::abort();
}

void try_small(stele::position size, stele::position other, const std::vector<stele::tree_hash>& hashes) {
    auto& store = whole_store();
    const auto root = store.root(size);
    const auto right = store.prove_inclusion(other, size);
    const auto leaf = leaf_of(other);
    expect(stele::verify_inclusion(leaf, right, root));
    expect(stele::verify_inclusion(leaf, {other, size, hashes}, root) == (hashes == right.hashes));
    const auto earlier = store.root(other);
    const auto continues = store.prove_consistency(other, size);
    expect(stele::verify_consistency(continues, earlier, root));
    expect(stele::verify_consistency({other, size, hashes}, earlier, root) == (hashes == continues.hashes));
}

void try_any(stele::position a, stele::position b, const std::vector<stele::tree_hash>& hashes) {
    const auto hash = hashes.empty() ? stele::tree_hash{} : hashes.front();
    const auto other = hashes.empty() ? stele::tree_hash{} : hashes.back();
    if (stele::verify_inclusion(hash, {a, b, hashes}, {b, other})) expect(a <= b && a.value > 0);
    if (stele::verify_consistency({a, b, hashes}, {a, hash}, {b, other})) expect(a <= b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    constexpr std::size_t head = 2 + 2 * sizeof(std::uint64_t);
    if (rest.size() < head) return 0;
    const stele::position small{1 + data[0] % most_events};
    const stele::position other{1 + data[1] % small.value};
    std::uint64_t numbers[2];
    std::memcpy(numbers, data + 2, sizeof numbers);
    rest.remove_prefix(head);
    const auto hashes = stele::hashes_from_bytes(rest.substr(0, rest.size() - rest.size() % sizeof(stele::tree_hash)));
    expect(hashes.has_value() && rest.starts_with(stele::bytes_of(*hashes)));
    expect(rest.size() % sizeof(stele::tree_hash) == 0 || !stele::hashes_from_bytes(rest));
    try_small(small, other, *hashes);
    try_any({numbers[0]}, {numbers[1]}, *hashes);
    return 0;
}
