#pragma once

#include <stele/eventstore/document.hpp>
#include <stele/eventstore/event_store.hpp>

#include <span>

namespace stele::inline v0::detail {

/// Puts or removes documents without any event. Neither expects anything, so neither can conflict.
/// Throws what the store throws, and std::logic_error for an `add` whose document exists.
void write_documents(event_store& store, std::span<const document_write> documents);

}  // namespace stele::inline v0::detail
