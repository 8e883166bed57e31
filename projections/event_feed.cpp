#include "projections/event_feed.hpp"

#include "projections/read_ahead.hpp"

#include <algorithm>
#include <utility>

namespace stele::detail {

namespace {

event_range read(event_store& store, all_read_options what, reading how) {
    auto range = store.read_all(std::move(what));
    return how == reading::ahead ? read_ahead(std::move(range)) : std::move(range);
}

}  // namespace

event_feed::event_feed(event_store& store, position after, position up_to, std::vector<std::string> types, reading how)
    : store_(store),
      range_(read(store, {.after = after, .up_to = up_to, .filter = {.types = std::move(types)}}, how)),
      after_(after),
      up_to_(up_to) {}

std::optional<event_chunk> event_feed::next(std::size_t limit) {
    if (!batch_) {
        batch_ = range_.begin();
    } else if (*batch_ != event_range::end() && used_ == (*batch_)->size()) {
        ++*batch_;
        used_ = 0;
    }
    if (*batch_ == event_range::end()) {
        if (after_ >= up_to_) return {};
        return end_of_window();
    }
    const std::span<const recorded_event> batch{(*batch_)->begin(), (*batch_)->end()};
    const auto events = batch.subspan(used_, std::min(limit, batch.size() - used_));
    used_ += events.size();
    const auto last = events.back().position;
    const auto passed = last.value - std::exchange(after_, last).value;
    return event_chunk{.events = events, .last = &events.back(), .up_to = last, .skipped = passed - events.size()};
}

event_chunk event_feed::end_of_window() {
    for (const event_batch& batch : store_.read_all({.after = {up_to_.value - 1}, .up_to = up_to_}))
        end_.add(batch.back());
    const auto passed = up_to_.value - std::exchange(after_, up_to_).value;
    return {.events = {}, .last = end_.empty() ? nullptr : &end_.back(), .up_to = up_to_, .skipped = passed};
}

}  // namespace stele::detail
