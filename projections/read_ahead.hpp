#pragma once

#include <stele/event_range.hpp>

namespace stele::detail {

/// The same events, read on a thread of its own while the caller works on those before, at most two batches ahead.
/// What reading throws is thrown when the caller gets there. The thread ends with the range.
event_range read_ahead(event_range source);

}  // namespace stele::detail
