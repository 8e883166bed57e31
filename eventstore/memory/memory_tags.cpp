// Events by their tags: which of them a query has to look at, and tags that are added later.

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/query_plan.hpp"
#include "eventstore/memory/memory_log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

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

std::vector<memory_log::tagged_position> memory_log::places_for(tags_view tags, position where) {
    std::vector<tagged_position> places;
    for (const auto tag : tags) places.emplace_back(&tagged_.try_emplace(std::string{tag}).first->second, where);
    return places;
}

void memory_log::make_room_for(std::span<const tagged_position> tagged) {
    std::unordered_map<std::vector<position>*, std::size_t> more;
    for (const auto& [positions, where] : tagged) ++more[positions];
    for (const auto& [positions, count] : more) make_room(*positions, count);
}

// All that needs memory is made first.
void memory_log::add_tags(const tag_batch& batch, const event_data& record) {
    expect_within(batch, head());
    std::vector<std::pair<position, stored_tags>> changed;
    std::vector<tagged_position> listed;
    for (const auto& addition : batch.additions) {
        const auto& event = at(addition.event);
        if (event.removed) continue;
        const auto before = event.tags.added.empty() ? stored_tags{event.data.tags, {}} : event.tags;
        auto after = with_added(before, addition);
        if (!after) continue;
        for (const auto tag : after->added.view())
            if (!before.all.view().contains(tag))
                std::ranges::move(places_for(tags_view{tag}, addition.event), std::back_inserter(listed));
        changed.emplace_back(addition.event, std::move(*after));
    }
    auto tagging = tagging_;
    bool begins = false;
    for (const auto& step : batch.steps) {
        const auto known = tagging.find({step.status.key, step.status.type});
        auto next =
            after_step(known == tagging.end() ? std::nullopt : std::optional{known->second}, step, head().next());
        begins = begins || next.since == head().next();
        tagging.insert_or_assign({next.key, next.type}, next);
    }
    make_room_for(listed);
    if (begins) {
        const auto write = tagging_record(record);
        append(std::span(&write, 1)).value();  // any() is no conflict
    }
    for (auto& [where, tags] : changed) events_[where.value - 1].tags = std::move(tags);
    for (const auto& [positions, where] : listed) positions->insert(std::ranges::upper_bound(*positions, where), where);
    tagging_ = std::move(tagging);
}

std::vector<tagging_status> memory_log::list_tagging() const {
    std::vector<tagging_status> all;
    for (const auto& [of, status] : tagging_) all.push_back(status);
    return all;
}

void memory_log::expect_complete(const event_query& query) const {
    if (!tagging_.empty() && names_tags(query)) detail::expect_complete(query, list_tagging());
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
