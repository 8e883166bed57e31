#include "eventstore/sqlite/index/index_writer.hpp"

#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/index/runs.hpp"
#include "eventstore/sqlite/index/sort_each_once.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// A slice moves at least so many events, and more than what is appended meanwhile, so that each merge ends.
constexpr std::size_t least_slice = 256;

}  // namespace

index_writer::index_writer(connection& db, index_tail& tail)
    : db_(db),
      tail_(tail),
      index_(db, tail),
      tags_(db, tail),
      tables_(db),
      row_(db),
      merger_(tables_, tail),
      remove_event_(db.prepare("DELETE FROM events WHERE position = ?1 AND stream = ?2 AND version <= ?3 "
                               "RETURNING id, flags, tags")),
      remove_added_(db.prepare("DELETE FROM stele_added_tags WHERE position = ?1 RETURNING tags")),
      remove_added_position_(db.prepare("DELETE FROM stele_added_positions WHERE tag = ?1 AND position = ?2")) {}

void index_writer::begin(bool others_wrote) {
    pending_.clear();
    removed_ = 0;
    pending_index_.reset();
    indexed_ = 0;
    const bool tags_changed = std::exchange(tags_changed_, false);
    const bool knows_all =
        std::exchange(is_current_, false) && !others_wrote && !tags_changed && tail_.up_to() >= head_;
    if (!knows_all) catch_up();
    greatest_id_ = greatest_before_;
}

void index_writer::catch_up() {
    const auto found = index_.look();
    index_.leave();
    head_ = found.head;
    added_ = found.added;
    tagging_ = found.tagging;
    begun_ = found.begun;
    state_ = row_.read();
    if (state_.merging > head_) throw db_.damage("a merge of its indices goes beyond the last event");
    greatest_before_ = std::max(state_.greatest_id, tail_.greatest_id());
}

void index_writer::tags_change() noexcept {
    added_ = tagging_ = begun_ = tags_changed_ = true;
}

const tail_part& index_writer::pending_index() {
    if (!pending_index_) pending_index_.emplace(head_);
    for (; indexed_ < pending_.size(); ++indexed_) pending_index_->add(pending_[indexed_]);
    return *pending_index_;
}

bool index_writer::are_in_order(std::span<const event_data> events) const {
    const auto* greatest = &greatest_id_;
    return std::ranges::all_of(events,
                               [&](const event_data& event) { return event.id > *std::exchange(greatest, &event.id); });
}

std::optional<std::int64_t> index_writer::find_id(const uuid& id) {
    if (is_in_order(id)) return std::nullopt;
    std::vector<std::int64_t> places;
    pending_index().find_id(id, {}, places);
    for (const auto each : places)
        if (index_.has_id_at(id, each)) return each;
    return index_.find_id({state_.merged, head_}, id);
}

std::int64_t index_writer::last_version(std::int64_t stream) {
    const auto pending = pending_index().last_version(stream, {});
    return pending != 0 ? pending : index_.last_version({state_.merged, head_}, stream);
}

tagged_positions index_writer::find_tagged(const tag_sets& sets, std::int64_t after, std::size_t most) {
    const index_snapshot at{.merged = state_.merged, .head = head_, .added = added_};
    auto found = tags_.find(at, sets, {after, head_}, most);
    if (found.up_to < head_) return found;
    // Of what is pending, all that has one of the tags.
    for (const auto& set : sets) pending_index().find_tag(set.front(), {after}, found.positions);
    sort_each_once(found.positions);
    found.up_to = std::numeric_limits<std::int64_t>::max();
    return found;
}

void index_writer::add(index_entry entry) {
    if (entry.in_order) greatest_id_ = entry.id;
    pending_.push_back(std::move(entry));
}

void index_writer::roll_back_to(savepoint mark) {
    // The row of the merge may have been changed by a removal, and is as it was before.
    if (removed_ > mark.removed) state_ = row_.read();
    removed_ = mark.removed;
    pending_.resize(mark.appended);
    pending_index_.reset();
    indexed_ = 0;
    greatest_id_ = std::max(greatest_before_, state_.greatest_id);
    for (const auto& each : pending_)
        if (each.in_order) greatest_id_ = each.id;
}

void index_writer::remove(std::int64_t stream, std::int64_t up_to) {
    const version_range versions{1, up_to};
    constexpr auto all = std::numeric_limits<std::size_t>::max();
    auto positions = index_.find_versions({state_.merged, head_}, stream, versions, head_, direction::forward, all);
    pending_index().find_versions(stream, {}, versions, all, positions);
    ++removed_;
    const auto greatest = state_.greatest_id;
    for (const auto each : positions) remove_event(stream, up_to, each);
    tables_.remove_versions(stream, up_to);
    if (state_.greatest_id != greatest) row_.write(state_);
}

void index_writer::remove_event(std::int64_t stream, std::int64_t up_to, std::int64_t position) {
    const reset_guard done(remove_event_);
    remove_event_.bind(1, position);
    remove_event_.bind(2, stream);
    remove_event_.bind(3, up_to);
    if (!remove_event_.step()) return;  // it was removed by another process
    const auto id = uuid::from_bytes(remove_event_.column_bytes(0)).value_or(uuid{});
    if ((remove_event_.column_int64(1) & event_flags::id_in_order) == 0)
        tables_.remove_id(id);
    else
        // No later id may be taken for in order because this one is gone.
        state_.greatest_id = std::max(state_.greatest_id, id);
    for (run_reader tags(remove_event_.column_bytes(2)); const auto tag = tags.next();)
        tables_.remove_tagged(*tag, position);
    if (added_) remove_added_tags(position);
}

void index_writer::remove_added_tags(std::int64_t position) {
    const reset_guard done(remove_added_);
    remove_added_.bind(1, position);
    if (!remove_added_.step()) return;
    for (run_reader tags(remove_added_.column_bytes(0)); const auto tag = tags.next();) {
        remove_added_position_.bind(1, *tag);
        remove_added_position_.bind(2, position);
        remove_added_position_.run();
    }
}

void index_writer::merge() {
    if (!state_.is_under_way()) {
        const auto end = tail_.end_of_first_part(state_.merged);
        if (end == 0) return;
        state_.merging = end;
    }
    merger_.go_on(state_, std::max(least_slice, 2 * pending_.size()));
    row_.write(state_);
}

void index_writer::merge_all() {
    constexpr auto all = std::numeric_limits<std::size_t>::max();
    merger_.go_on(state_, all);
    state_.merging = head_;
    merger_.go_on(state_, all);
    row_.write(state_);
}

void index_writer::publish() noexcept {
    try {
        tail_.add(pending_);
        if (!pending_.empty()) head_ = pending_.back().position;
        tail_.drop(state_.merged);
        greatest_before_ = greatest_id_;
        is_current_ = true;
    } catch (...) {
        is_current_ = false;  // whoever needs it reads it from the file
    }
}

}  // namespace stele::inline v0::detail
