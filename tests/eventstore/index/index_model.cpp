#include "eventstore/index/index_model.hpp"

#include <algorithm>
#include <utility>

namespace index_model {
namespace {

number last_version(const file& in, stream_number stream) {
    number last = 0;
    for (const auto& each : in.log)
        if (each.stream == stream) last = each.version;
    return last;
}

number known_version(const process& self, const file& in, stream_number stream) {
    number known = in.removed_up_to[stream];
    for (const auto& [first, positions] : in.runs[stream])
        known = std::max(known, static_cast<number>(first + positions.size() - 1));
    for (const auto& each : self.recent.entries)
        if (each.stream == stream) known = std::max(known, each.version);
    return known;
}

}  // namespace

// ---- Steps of a writer ----

/// Reads what is missing between the end of the tail and the head of `from`; what W covers is in runs.
void model::fill(tail& recent, const file& from) {
    if (recent.ends_at < from.watermark) recent = {.begins_after = from.watermark, .ends_at = from.watermark};
    while (recent.ends_at < from.head()) {
        const auto& at = from.log[recent.ends_at++];
        if (at.removed)
            recent.whole_from = from.head();
        else
            recent.entries.push_back({recent.ends_at, at.stream, at.version});
    }
}

void model::append(process& self, file& in, stream_number stream) const {
    const auto known = known_version(self, in, stream);
    expect(known == last_version(in, stream), "a writer does not know the version of a stream");
    const auto version = static_cast<number>(known + 1);
    in.log.push_back({stream, version, false});
    const entry made{in.head(), stream, version};
    if (kept_.publishes_after_commit)
        self.appended = made;
    else
        self.recent.entries.push_back(made), self.recent.ends_at = made.position;
}

void model::remove(process& self, file& in, const step& one) const {
    for (auto& each : in.log)
        if (each.stream == one.stream && each.version <= one.up_to) each.removed = true;
    in.removed_up_to[one.stream] = one.up_to;
    append(self, in, static_cast<stream_number>(limits_.streams - 1));
}

/// What a merge takes of a stream. Versions that were removed may lack some in the middle, so none of them is taken.
std::vector<entry> model::part_of(const process& self, const file& in, stream_number stream) const {
    std::vector<entry> part;
    for (const auto& each : self.recent.entries)
        if (each.stream == stream && each.position > in.watermark && each.position <= self.merged.target &&
            (!kept_.merges_skip_removed || each.version > in.removed_up_to[stream]))
            part.push_back(each);
    return part;
}

std::optional<stream_number> model::next_of_merge(const process& self, const file& in) const {
    for (auto stream = self.merged.next; stream < limits_.streams; ++stream)
        if (!part_of(self, in, stream).empty()) return stream;
    return std::nullopt;
}

/// One row: a stream's unmerged entries. The last one of a merge sets W.
void model::merge_slice(process& self, file& in) const {
    if (self.merged.target == 0) {
        self.merged = {self.recent.ends_at, 0};
        if (!kept_.watermark_with_last_slice) in.watermark = self.merged.target;
    }
    if (const auto stream = next_of_merge(self, in)) {
        const auto part = part_of(self, in, *stream);
        auto& row = in.runs[*stream][part.front().version];
        row.clear();
        for (const auto& each : part) row.push_back(each.position);
        self.merged.next = static_cast<stream_number>(*stream + 1);
    }
    if (!next_of_merge(self, in)) {
        in.watermark = kept_.target_is_frozen ? self.merged.target : in.head();
        self.trims_to = in.watermark;
        self.merged = {};
        if (!kept_.tail_kept_until_commit)
            std::erase_if(self.recent.entries, [&](const entry& each) { return each.position <= in.watermark; });
    }
    if (!kept_.merge_advances_with_commit) self.merging = self.merged;
}

void model::write(state& all, process& self, const step& one) {
    auto in = all.committed->first;
    if (kept_.writer_catches_up) fill(self.recent, in);
    if (self.others_wrote && kept_.merge_restarts_after_others) self.merging = {};
    if (self.merging.target <= in.watermark) self.merging = {};
    self.others_wrote = false;
    self.merged = self.merging;
    // In this order, so that a merge has taken the tail as it was before the transaction.
    if (one.merges) merge_slice(self, in);
    if (one.changes == step::change::append) append(self, in, one.stream);
    if (one.changes == step::change::remove) remove(self, in, one);
    self.transaction = know(std::move(in));
    self.at = phase::in_transaction;
}

void model::commit(state& all, process& self) const {
    check_file(all.committed->first, self.transaction->first);
    all.committed = std::exchange(self.transaction, nullptr);
    for (auto& each : all.processes)
        if (&each != &self && each.runs) each.others_wrote = true;
    self.at = phase::committed;
}

void model::trim(tail& recent, number up_to) const {
    std::erase_if(recent.entries, [&](const entry& each) { return each.position <= up_to; });
    if (!kept_.trim_moves_begin) return;
    recent.begins_after = std::max(recent.begins_after, up_to);
    recent.ends_at = std::max(recent.ends_at, up_to);
}

void model::publish(process& self) const {
    const auto made = std::exchange(self.appended, {});
    if (made.position > (kept_.present_entries_are_skipped ? self.recent.ends_at : 0)) {
        self.recent.entries.push_back(made);
        self.recent.ends_at = std::max(self.recent.ends_at, made.position);
    }
    if (self.trims_to > 0) trim(self.recent, std::exchange(self.trims_to, number{0}));
    self.merging = std::exchange(self.merged, {});
    self.at = phase::idle;
}

// ---- Steps of a reader ----

/// A reader looks at the tail of its process: renews its snapshot if that is too old for it, or reads and ends.
void model::look(state& all, std::size_t reader) const {
    auto& snapshot = all.snapshots[reader];
    auto& recent = all.processes[limits_.readers[reader]].recent;
    const bool is_trimmed = kept_.old_snapshots_are_renewed && snapshot->first.watermark < recent.begins_after;
    const bool has_gaps = kept_.gaps_renew_snapshots && snapshot->first.head() < recent.whole_from;
    if (is_trimmed || has_gaps) {
        snapshot = all.committed;
        return;
    }
    if (kept_.readers_fill_tail) fill(recent, snapshot->first);
    if (snapshot->first.watermark > recent.begins_after) trim(recent, snapshot->first.watermark);
    check_reader(snapshot->first, recent, all.committed->first.watermark);
    snapshot = nullptr;
}

// ---- All of them ----

const known_file* model::know(file in) {
    const auto id = static_cast<std::uint32_t>(files_.size() + 1);
    return &*files_.try_emplace(std::move(in), id).first;
}

/// Forgets what makes no difference any more, so that fewer states are different.
void model::simplify(state& all) const {
    for (std::uint8_t p = 0; p < all.processes.size(); ++p) {
        auto& self = all.processes[p];
        if (self.merging.target <= all.committed->first.watermark) self.merging = {};
        if (self.merging.target == 0 && self.merged.target == 0) self.others_wrote = false;
        bool is_old = false;
        for (std::size_t r = 0; r < limits_.readers.size(); ++r)
            if (limits_.readers[r] == p && all.snapshots[r] != nullptr)
                is_old |= all.snapshots[r]->first.head() < self.recent.whole_from;
        if (!is_old) self.recent.whole_from = 0;
    }
    // Readers of one process are alike.
    for (std::size_t r = 1; r < limits_.readers.size(); ++r)
        if (limits_.readers[r - 1] == limits_.readers[r] && all.snapshots[r] < all.snapshots[r - 1])
            std::swap(all.snapshots[r - 1], all.snapshots[r]);
}

state model::beginning() {
    state empty;
    empty.committed = know({});
    return empty;
}

void model::add_writes(std::vector<step>& steps, const state& now, std::uint8_t who) const {
    const auto& in = now.committed->first;
    const auto add = [&](step one) {
        one.what = step::kind::write;
        one.who = who;
        if (one.changes != step::change::none) steps.push_back(one);
        one.merges = true;
        if (in.head() > in.watermark) steps.push_back(one);
    };
    add({.changes = step::change::none});
    if (in.head() == limits_.events) return;
    for (stream_number s = 0; s < limits_.streams; ++s) {
        add({.changes = step::change::append, .stream = s});
        if (now.removals == limits_.removals) continue;
        for (number v = in.removed_up_to[s] + 1; v <= last_version(in, s); ++v)
            add({.changes = step::change::remove, .stream = s, .up_to = v});
    }
}

std::vector<step> model::possible_steps(const state& now) const {
    using enum step::kind;
    std::vector<step> steps;
    const bool locked =
        std::ranges::any_of(now.processes, [](const process& each) { return each.at == phase::in_transaction; });
    for (std::uint8_t p = 0; p < now.processes.size(); ++p) {
        const auto& self = now.processes[p];
        if (!self.runs) {
            steps.push_back({.what = open, .who = p});
            continue;
        }
        if (self.at == phase::idle && !locked) add_writes(steps, now, p);
        if (self.at == phase::in_transaction) steps.push_back({.what = step::kind::commit, .who = p});
        if (self.at == phase::in_transaction && now.roll_backs < limits_.roll_backs)
            steps.push_back({.what = roll_back, .who = p});
        if (self.at == phase::committed) steps.push_back({.what = step::kind::publish, .who = p});
        if (now.crashes < limits_.crashes) steps.push_back({.what = crash, .who = p});
    }
    for (std::uint8_t r = 0; r < limits_.readers.size(); ++r)
        if (now.processes[limits_.readers[r]].runs)
            steps.push_back({.what = now.snapshots[r] == nullptr ? take_snapshot : look_at_tail, .who = r});
    return steps;
}

state model::perform(const state& before, const step& one) {
    auto all = before;
    const auto self = [&]() -> process& { return all.processes[one.who]; };
    switch (one.what) {
        case step::kind::write: write(all, self(), one); break;
        case step::kind::commit: commit(all, self()); break;
        case step::kind::publish: publish(self()); break;
        case step::kind::roll_back:
            ++all.roll_backs;
            self().at = phase::idle;
            self().transaction = nullptr;
            self().appended = {};
            self().merged = {};
            self().trims_to = 0;
            break;
        case step::kind::take_snapshot: all.snapshots[one.who] = all.committed; break;
        case step::kind::look_at_tail: look(all, one.who); break;
        case step::kind::crash:
            ++all.crashes;
            self() = {};
            self().runs = false;
            for (std::size_t r = 0; r < limits_.readers.size(); ++r)
                if (limits_.readers[r] == one.who) all.snapshots[r] = nullptr;
            break;
        case step::kind::open: self() = {}; break;
    }
    simplify(all);
    return all;
}

}  // namespace index_model
