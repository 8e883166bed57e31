#include "eventstore/engine/query_plan.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <utility>

namespace stele::inline v0::detail {

std::vector<tag_list> tag_alternatives(const event_query& query) {
    std::vector<std::string> own;
    for (const auto tag : query.tags.view()) own.emplace_back(tag);
    std::vector<tag_list> sets;
    for (const auto& item : query.any_of) {
        std::vector<std::string> all = own;
        for (const auto tag : item.tags.view()) all.emplace_back(tag);
        // More than an event can carry: the index finds what carries the first of them, and the query decides.
        if (all.size() > max_event_tags) all.resize(max_event_tags);
        if (all.empty()) return {};
        sets.emplace_back(std::span<const std::string>{all});
    }
    if (query.any_of.empty() && !query.tags.empty()) sets.push_back(query.tags);
    return sets;
}

void expect_position(const no_event& condition, position head) {
    if (condition.after <= head) return;
    throw error(error_kind::other_store,
                fmt::format("a condition of the append speaks of what comes after position {}, but the store ends at "
                            "{}; it is another store, or was restored from a backup; nothing was written; read again",
                            condition.after, head));
}

}  // namespace stele::inline v0::detail
