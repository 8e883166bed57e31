#include "processes/journal/journal_removals.hpp"

#include <stele/eventstore/detail/removals.hpp>

namespace stele::inline v0::detail {
namespace {

event_query records_of_removals() {
    event_query filter{.categories = {std::string{system_category}}};
    for (const auto& record : removal_records<stream_deleted>()) filter.types.emplace_back(record.type);
    for (const auto& record : removal_records<stream_truncated>()) filter.types.emplace_back(record.type);
    return filter;
}

}  // namespace

journal_removals::journal_removals(event_store& store, std::string_view process)
    : store_(store), prefix_(std::string{process} + '-') {}

position journal_removals::read() {
    const std::lock_guard lock(mutex_);
    const auto head = store_.head();
    if (head <= read_) return last_;
    for (const event_batch& batch : store_.read_all({.after = read_, .up_to = head, .filter = records_of_removals()}))
        for (const recorded_event& record : batch) note(record);
    read_ = head;
    return last_;
}

journal_removals::removal journal_removals::of(std::string_view instance) const {
    const std::lock_guard lock(mutex_);
    const auto found = removals_.find(instance);
    return found == removals_.end() ? removal{} : found->second;
}

void journal_removals::note(const recorded_event& record) {
    last_ = record.position;
    const auto stream = removed_stream(record);
    // With the prefix alone it is the journal of nobody: what belongs to no instance has the empty name.
    if (stream.size() <= prefix_.size() || !stream.starts_with(prefix_)) return;
    auto& removed = removals_[stream.substr(prefix_.size())];
    removed.last = record.position;
    const auto deleted = as_stream_deleted(record);
    if (!deleted) return;
    removed.deleted = record.position;
    removed.is_closed = deleted->tombstoned;
}

}  // namespace stele::inline v0::detail
