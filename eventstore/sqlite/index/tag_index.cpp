#include "eventstore/sqlite/index/tag_index.hpp"

#include "eventstore/sqlite/index/runs.hpp"
#include "eventstore/sqlite/index/sort_each_once.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {

tag_index::tag_index(connection& db, const index_tail& tail)
    : db_(db),
      tail_(tail),
      run_at_(db.prepare("SELECT positions FROM stele_tag_runs WHERE tag = ?1 AND position <= ?2 "
                         "ORDER BY position DESC LIMIT 1")),
      run_after_(db.prepare("SELECT positions FROM stele_tag_runs WHERE tag = ?1 AND position > ?2 "
                            "ORDER BY position LIMIT 1")),
      added_(db.prepare("SELECT position FROM stele_added_positions WHERE tag = ?1 AND position >= ?2 "
                        "ORDER BY position LIMIT 256")) {}

// Loads the run that the query finds, up to what is merged; false if it has nothing from `from` on.
bool tag_index::load_run(statement& query, std::int64_t tag, std::int64_t from, const index_snapshot& at,
                         std::vector<std::int64_t>& loaded) {
    const reset_guard done(query);
    query.bind(1, tag);
    query.bind(2, from);
    loaded.clear();
    if (!query.step()) return false;
    run_reader run(query.column_bytes(0));
    for (auto each = run.next(); each && *each <= at.merged; each = run.next()) loaded.push_back(*each);
    expect_sound(run, db_, "tag", tag);
    return !loaded.empty() && loaded.back() >= from;
}

void tag_index::cursor::load(std::int64_t from) {
    if (from <= at_.merged && (index_.load_run(index_.run_at_, tag_, from, at_, loaded_) ||
                               index_.load_run(index_.run_after_, tag_, from, at_, loaded_)))
        return;
    loaded_.clear();
    index_.tail_.find_tag(tag_, {std::max(at_.merged, from - 1), std::min(at_.head, up_to_)}, loaded_);
    is_tail_ = true;
}

std::int64_t tag_index::cursor::seek(std::int64_t from) {
    if (!is_tail_ && (loaded_.empty() || loaded_.back() < from)) load(from);
    const auto found = std::ranges::lower_bound(loaded_, from);
    const auto own = found == loaded_.end() ? up_to_ + 1 : *found;
    return at_.added ? std::min(own, seek_added(from)) : own;
}

std::int64_t tag_index::cursor::seek_added(std::int64_t from) {
    if (!are_last_added_ && (added_.empty() || added_.back() < from)) {
        auto& query = index_.added_;
        const reset_guard done(query);
        query.bind(1, tag_);
        query.bind(2, from);
        added_.clear();
        while (query.step()) added_.push_back(static_cast<std::int64_t>(query.column_number(0, 1)));
        are_last_added_ = added_.empty();
    }
    const auto found = std::ranges::lower_bound(added_, from);
    return found == added_.end() ? up_to_ + 1 : *found;
}

// Each tag leaps to where the one before it is, until all are at the same place.
void tag_index::find_set(const index_snapshot& at, const std::vector<std::int64_t>& tags, position_range within,
                         std::size_t most, std::vector<std::int64_t>& found) {
    std::vector<cursor> cursors;
    for (const auto tag : tags) cursors.emplace_back(*this, at, tag, within.up_to);
    for (auto from = within.after + 1; found.size() < most;) {
        const auto first = from;
        for (auto& each : cursors) from = each.seek(from);
        if (from > within.up_to) return;
        if (from != first && cursors.size() > 1) continue;
        found.push_back(from++);
    }
}

tagged_positions tag_index::find(const index_snapshot& at, const tag_sets& sets, position_range within,
                                 std::size_t most) {
    within.up_to = std::min(within.up_to, at.head);
    tagged_positions all{.positions = {}, .up_to = within.up_to};
    std::vector<std::int64_t> of_set;
    for (const auto& set : sets) {
        of_set.clear();
        find_set(at, set, within, most, of_set);
        if (of_set.size() >= most) all.up_to = std::min(all.up_to, of_set.back());
        all.positions.insert(all.positions.end(), of_set.begin(), of_set.end());
    }
    sort_each_once(all.positions);
    all.positions.erase(std::ranges::upper_bound(all.positions, all.up_to), all.positions.end());
    return all;
}

}  // namespace stele::inline v0::detail
