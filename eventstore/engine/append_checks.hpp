#pragma once

#include <stele/eventstore/event_store.hpp>

#include <span>

namespace stele::inline v0::detail {

/// Throw invalid_argument for writes or documents that no store accepts; see event_store::append().
void check_writes(std::span<const stream_write> writes, const store_limits& limits);
void check_documents(std::span<const document_write> documents, const store_limits& limits);

}  // namespace stele::inline v0::detail
