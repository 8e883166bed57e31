#include "projections/runner/same_store.hpp"

#include <stele/eventstore/detail/time_text.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace stele::inline v0::detail {

void expect_same_store(event_store& store, const progress& built, std::string_view who) {
    const auto refuse = [&](const std::string& difference) {
        throw error{error_kind::other_store,
                    fmt::format("{}: {}; it was built from another store, or the store was restored to an earlier "
                                "state; nothing was changed; open the right store, or rebuild the projection from this "
                                "one",
                                who, difference)};
    };
    if (const auto head = store.head(); built.checkpoint > head)
        refuse(fmt::format("has seen events up to position {}, but the store ends at {}", built.checkpoint.value,
                           head.value));
    const auto& last = built.last_seen;
    if (last.position.value == 0) return;
    // Usually the very event is there. If it was removed, all events before it were recorded before it, unless they
    // were appended after the store was restored.
    auto read = store.read_all({.after = {std::min(store.position_at(last.recorded_at).value, last.position.value - 1)},
                                .up_to = last.position});
    for (const auto& event : std::move(read).events())
        if (event.position != last.position)
            refuse(fmt::format("has seen an event of {} at position {}, and the store has one of {} before it",
                               time_text(last.recorded_at), last.position.value, time_text(event.recorded_at)));
        else if (event.id != last.id)
            refuse(fmt::format("has seen event {} at position {}, where the store has event {}", last.id.str(),
                               last.position.value, event.id.str()));
}

}  // namespace stele::inline v0::detail
