#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/hashtree/tree_hash.hpp>

namespace stele::inline v0 {

/// The hash of an event as a leaf of its store's hash tree, over everything that is stored of it: position, version,
/// time, id, names, the tags that it was appended with, content, metadata and payload. docs/file-format.md has the
/// exact bytes, so that it can be computed without this library.
///
/// Throws nothing. Any thread may call it.
[[nodiscard]] tree_hash leaf_hash(const recorded_event& event) noexcept;

}  // namespace stele::inline v0
