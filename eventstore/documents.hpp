#pragma once

#include <stele/eventstore/event_store.hpp>

namespace stele::inline v0::detail {

/// What an append gets whose `add` has met a document.
inline conflict document_conflict() {
    return {stream_id(system_category, "documents"), expected_version::no_stream(), {}, conflict_reason::document};
}

}  // namespace stele::inline v0::detail
