#include "projections/subscriptions/letter_queue.hpp"

#include "projections/subscriptions/subscription_documents.hpp"

#include <stele/eventstore/detail/removals.hpp>

#include <limits>

namespace stele::inline v0::detail {

letter_queue::letter_queue(event_store& store, std::string_view name) {
    for (const auto& letter : list_letters(store, name, {}, std::numeric_limits<std::size_t>::max()))
        add(letter.key, letter.position);
}

void letter_queue::remove(const std::string& key, position where) {
    const auto found = letters_.find(key);
    if (found == letters_.end()) return;
    found->second.erase(where);
    if (found->second.empty()) letters_.erase(found);
}

bool letter_queue::holds_up(event_store& store, std::string_view key) {
    const auto found = letters_.find(key);
    if (found == letters_.end()) return false;
    auto& positions = found->second;
    // What was removed never comes back.
    while (!positions.empty() && !has_event(store, *positions.begin())) positions.erase(positions.begin());
    if (!positions.empty()) return true;
    letters_.erase(found);
    return false;
}

}  // namespace stele::inline v0::detail
