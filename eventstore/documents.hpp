#pragma once

#include <stele/eventstore/event_store.hpp>

namespace stele::detail {

/// What an append gets whose `add` has met a document.
inline conflict document_conflict() {
    return {stream_id(system_category, "documents"), expected_version::none(), {}, conflict::reason::document};
}

}  // namespace stele::detail
