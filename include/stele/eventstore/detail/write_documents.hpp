#pragma once

#include <stele/eventstore/document.hpp>
#include <stele/eventstore/event_store.hpp>

#include <span>

namespace stele::inline v0::detail {

/// Puts or removes documents without any event. These two expect nothing, so they have nothing to conflict with.
/// Throws what the store throws; and std::logic_error for a document that is to be added, which may be there already.
void write_documents(event_store& store, std::span<const document_write> documents);

}  // namespace stele::inline v0::detail
