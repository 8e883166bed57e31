#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/hashtree/tree_hash.hpp>

#include <span>
#include <string_view>

namespace stele::inline v0 {

/// The hash of an event as a leaf of its store's hash tree, over everything that is stored of it: position, version,
/// time, id, names, tags, content, metadata and payload. docs/file-format.md has the exact bytes, so that it can be
/// computed without this library.
///
/// `tags` are those of the event, in any order, each once. Throws nothing but std::bad_alloc. Any thread may call it.
[[nodiscard]] tree_hash leaf_hash(const recorded_event& event, std::span<const std::string_view> tags = {});

}  // namespace stele::inline v0
