#include "projections/runner/event_feed.hpp"

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::vector<std::string> names_in(const event_table& types) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < types.size(); ++i) names.emplace_back(types[i].type);
    return names;
}

}  // namespace

event_feed::event_feed(event_store& store, position after, position up_to, const event_table& types, reading how)
    : store_(store),
      range_(store.read_all({.after = after, .up_to = up_to, .filter = {.types = names_in(types)}})),
      ahead_(how == reading::ahead ? std::make_unique<read_ahead>(std::move(range_), types) : nullptr),
      after_(after),
      up_to_(up_to) {}

void event_feed::fetch() {
    if (ahead_) {
        const auto* const next = ahead_->next();
        batch_ = next != nullptr ? &next->events : nullptr;
        messages_ = next != nullptr ? &next->messages : nullptr;
    } else {
        if (read_)
            ++*read_;
        else
            read_ = range_.begin();
        batch_ = *read_ != event_range::end() ? &**read_ : nullptr;
    }
    used_ = 0;
}

std::optional<event_chunk> event_feed::next(std::size_t limit) {
    if (!at_end_ && (batch_ == nullptr || used_ == batch_->size())) {
        fetch();
        at_end_ = batch_ == nullptr;
    }
    if (at_end_) {
        if (after_ >= up_to_) return {};
        return end_of_window();
    }
    const std::span<const recorded_event> batch{batch_->begin(), batch_->end()};
    const auto first = used_;
    const auto events = batch.subspan(first, std::min(limit, batch.size() - first));
    used_ += events.size();
    const auto last = events.back().position;
    after_ = last;
    return event_chunk{.events = events, .messages = messages_, .first = first, .last = &events.back(), .up_to = last};
}

event_chunk event_feed::end_of_window() {
    for (const event_batch& batch : store_.read_all({.after = {up_to_.value - 1}, .up_to = up_to_}))
        end_.add(batch.back());
    after_ = up_to_;
    return {.last = end_.empty() ? nullptr : &end_.back(), .up_to = up_to_};
}

}  // namespace stele::inline v0::detail
