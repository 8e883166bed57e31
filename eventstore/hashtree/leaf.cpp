// The grammar of a leaf, with its lengths and an example: docs/file-format.md, "The hash tree". Part of the file
// format: never change it, only add another number for the upper half of the format byte.

#include "eventstore/hashtree/leaf.hpp"

#include "eventstore/hashtree/sha256.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>

namespace stele::inline v0 {
namespace {

constexpr std::uint8_t leaf_prefix = 0;  // of RFC 6962: tells leaves from inner nodes
constexpr std::uint8_t foreign_metadata_bit = 0x04;
constexpr std::uint8_t unknown_event = 0x80;

std::uint8_t format_of(const recorded_event& event) {
    const auto content = static_cast<std::uint8_t>(event.content);
    return event.foreign_metadata ? content | foreign_metadata_bit : content;
}

void add_text(detail::sha256& hash, std::string_view text) {
    hash.add_number(text.size(), 2).add(text);
}

}  // namespace

tree_hash leaf_hash(const recorded_event& event) noexcept {
    detail::sha256 hash;
    hash.add_number(leaf_prefix, 1)
        .add_number(format_of(event), 1)
        .add_number(event.position.value, 8)
        .add_number(event.version.value, 8)
        .add_number(static_cast<std::uint64_t>(event.recorded_at.time_since_epoch().count()), 8)
        .add(event.id.as_bytes());
    add_text(hash, event.stream);
    add_text(hash, event.type);
    hash.add_number(event.tags.size() - event.added_tags.size(), 2);
    for (const auto tag : event.tags)  // in the order of their bytes
        if (!event.added_tags.contains(tag)) add_text(hash, tag);
    const auto metadata = detail::hash_of(event.metadata);
    const auto payload = detail::hash_of(event.payload);
    return hash.add(metadata.as_bytes()).add(payload.as_bytes()).finish();
}

tree_hash detail::leaf_of_unknown(position where) noexcept {
    return sha256{}.add_number(leaf_prefix, 1).add_number(unknown_event, 1).add_number(where.value, 8).finish();
}

}  // namespace stele::inline v0
