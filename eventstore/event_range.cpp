#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_range.hpp>

namespace stele::inline v0 {

event_range::iterator event_range::begin() & {
    if (!next_) throw error(error_kind::closed, "this event_range was moved from; use the one that it was moved to");
    if (std::exchange(begun_, true))
        throw error(error_kind::invalid_argument,
                    "a range of events is read once, but begin() was called again; read the store again instead");
    advance();
    return iterator{*this};
}

}  // namespace stele::inline v0
