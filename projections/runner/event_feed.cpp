#include "projections/runner/event_feed.hpp"

#include <stele/eventstore/detail/removals.hpp>
#include <stele/projections/memory/fold.hpp>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
event_feed::event_feed(event_store& store, position after, position up_to, const event_table& types,
                       feed_options options)
    : store_(store),
      range_(read_for(store,
                      {.after = after,
                       .up_to = up_to,
                       .filter = std::move(options.filter),
                       .compare_leaves = options.compare_leaves},
                      types)),
      ahead_(options.how == reading::when_asked
                 ? nullptr
                 : std::make_unique<read_ahead>(std::move(range_), types, options.how == reading::ahead_and_decoded)),
      after_(after),
      up_to_(up_to),
      compare_leaves_(options.compare_leaves) {}

void event_feed::fetch() {
    if (ahead_) {
        const auto* const next = ahead_->next();
        batch_ = next != nullptr ? &next->events : nullptr;
        messages_ = next != nullptr && next->are_decoded ? &next->messages : nullptr;
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
    for (const event_batch& batch :
         store_.read_all({.after = {up_to_.value - 1}, .up_to = up_to_, .compare_leaves = compare_leaves_}))
        end_.add(batch.back());
    after_ = up_to_;
    return {.last = end_.empty() ? nullptr : &end_.back(), .up_to = up_to_};
}

// The options select streams. The records of removals are in another one, and pass if they are about such a stream.
event_range read_for(event_store& store, all_read_options options, const event_table& table) {
    const auto chosen = options.filter;
    auto own = table.filter();
    if (chosen.types.empty()) options.filter.types = std::move(own.types);
    if (chosen.passes_all_streams()) {
        options.filter.categories = std::move(own.categories);
        if (chosen.tags.empty() && chosen.any_of.empty()) {
            options.filter.tags = std::move(own.tags);
            options.filter.any_of = std::move(own.any_of);
        }
        return store.read_all(std::move(options));
    }
    if (!table.takes_removals()) return store.read_all(std::move(options));
    options.filter.categories.emplace_back(system_category);
    auto left = std::exchange(options.limit, all_read_options{}.limit);
    return event_range{[range = store.read_all(std::move(options)), chosen, left,
                        read = std::optional<event_range::iterator>{}](event_batch& batch) mutable {
        while (batch.empty() && left > 0) {
            if (read)
                ++*read;
            else
                read = range.begin();
            if (*read == event_range::end()) return;
            for (const recorded_event& event : **read) {
                const auto removed = removed_stream(event);
                if (left == 0 || !chosen.passes(removed.empty() ? event.stream : removed, event.type)) continue;
                batch.add(event);
                --left;
            }
        }
    }};
}

}  // namespace stele::inline v0::detail
