// Events by their tags: which of them a query has to look at.

#include "eventstore/engine/query_plan.hpp"
#include "eventstore/memory/memory_log.hpp"

#include <algorithm>
#include <iterator>

namespace stele::inline v0::detail {

// Those in the window of the rarest tag of each set, in order and each once.
std::vector<position> memory_log::tagged_with(std::span<const tag_list> sets, position after, position up_to) const {
    std::vector<position> found;
    if (after >= up_to) return found;
    for (const auto& set : sets) {
        const std::vector<position>* rarest = nullptr;
        for (const auto tag : set.view()) {
            const auto known = tagged_.find(std::string{tag});
            if (known == tagged_.end()) {
                rarest = nullptr;
                break;
            }
            if (rarest == nullptr || known->second.size() < rarest->size()) rarest = &known->second;
        }
        if (rarest == nullptr) continue;
        std::copy(std::ranges::upper_bound(*rarest, after), std::ranges::upper_bound(*rarest, up_to),
                  std::back_inserter(found));
    }
    if (sets.size() > 1) std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    return found;
}

std::optional<position> memory_log::first_match(const event_query& query, position after) const {
    std::optional<position> first;
    visit_candidates(query, after, head(), direction::forward, [&](position where) {
        if (!at(where).removed && query.passes(view_of(where))) first = where;
        return !first;
    });
    return first;
}

}  // namespace stele::inline v0::detail
