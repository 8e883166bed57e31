#pragma once

#include <stele/eventstore/event_store.hpp>

namespace stele::inline v0::detail {

/// Whether the stream was deleted or tombstoned in the window: after `after`, up to and including `up_to`. Reads the
/// records of all removals in it; throws as read_all() does.
bool was_deleted(event_store& store, const stream_id& stream, position after, position up_to);

/// Whether the stream was deleted or tombstoned after this position, so that what it holds now is another history than
/// it held then. Throws as was_deleted() does.
bool was_deleted_after(event_store& store, const stream_id& stream, position then);

}  // namespace stele::inline v0::detail
