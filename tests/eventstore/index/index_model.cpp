#include "eventstore/index/index_model.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace index_model {
namespace {

number last_version(const file& in, stream_number stream) {
    number last = 0;
    for (const auto& each : in.log)
        if (each.stream == stream) last = each.version;
    return last;
}

/// As a writer knows it: by the tail, or else by the runs.
number known_version(const process& self, const file& in, stream_number stream) {
    number known = in.removed_up_to[stream];
    for (const auto& [first, positions] : in.runs[stream])
        for (std::size_t i = 0; i < positions.size() && positions[i] <= in.watermark; ++i)
            known = std::max(known, static_cast<number>(first + i));
    for (const auto& each : self.recent.entries)
        if (each.stream == stream) known = std::max(known, each.version);
    return known;
}

/// The entries that a merge takes of a stream.
std::vector<entry> part_of(const tail& recent, const file& in, stream_number stream) {
    std::vector<entry> part;
    for (const auto& each : recent.entries)
        if (each.stream == stream && each.position > in.watermark && each.position <= in.merging.target)
            part.push_back(each);
    return part;
}

/// Versions that follow each other are a run.
void put_runs(std::map<number, std::vector<number>>& runs, const std::vector<entry>& part, bool splits) {
    std::vector<number>* row = nullptr;
    number next = 0;
    for (const auto& each : part) {
        if (row == nullptr || (splits && each.version != next)) row = &runs[each.version], row->clear();
        row->push_back(each.position);
        next = static_cast<number>(each.version + 1);
    }
}

/// Cuts off the versions up to this one.
void cut_runs(std::map<number, std::vector<number>>& runs, number up_to) {
    std::map<number, std::vector<number>> rest;
    for (const auto& [first, positions] : runs)
        for (std::size_t i = 0; i < positions.size(); ++i)
            if (const auto version = first + i; version > up_to) {
                const auto key = first > up_to ? first : static_cast<number>(up_to + 1);
                rest[key].push_back(positions[i]);
            }
    runs = std::move(rest);
}

}  // namespace

// ---- The tail ----

/// The least W of those who look at the tail of a process.
number model::oldest_look(const state& all, const process& self) const {
    number oldest = nobody;
    if (!kept_.looks_keep_entries) return oldest;
    for (std::size_t r = 0; r < limits_.readers.size(); ++r)
        if (all.looking[r] && &all.processes[limits_.readers[r]] == &self)
            oldest = std::min(oldest, all.snapshots[r]->first.watermark);
    return oldest;
}

/// Reads what is missing between the end of the tail and the head of `from`; what W covers is in runs.
void model::fill(tail& recent, const file& from, number oldest_look) const {
    if (recent.ends_at < from.watermark && oldest_look == nobody)
        recent = {.begins_after = from.watermark, .ends_at = from.watermark};
    while (recent.ends_at < from.head()) {
        const auto& at = from.log[recent.ends_at++];
        if (at.removed)
            recent.whole_from = from.head();
        else
            recent.entries.push_back({recent.ends_at, at.stream, at.version});
    }
}

/// What somebody looks at stays.
void model::trim(tail& recent, number up_to) const {
    std::erase_if(recent.entries, [&](const entry& each) { return each.position <= up_to; });
    if (!kept_.trim_moves_begin) return;
    recent.begins_after = std::max(recent.begins_after, up_to);
    recent.ends_at = std::max(recent.ends_at, up_to);
}

// ---- Steps of a writer ----

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
    in.removed_up_to[one.stream] = std::max(in.removed_up_to[one.stream], one.up_to);
    cut_runs(in.runs[one.stream], one.up_to);
    append(self, in, static_cast<stream_number>(limits_.streams - 1));
}

/// The runs of one stream. The last slice of a merge sets W.
void model::merge_slice(process& self, file& in) const {
    auto& at = in.merging;
    if (at.target <= in.watermark) at = {self.recent.ends_at, 0};
    const auto target = at.target;
    const auto next = [&]() -> std::optional<stream_number> {
        for (auto stream = at.next; stream < limits_.streams; ++stream)
            if (!part_of(self.recent, in, stream).empty()) return stream;
        return std::nullopt;
    };
    if (const auto stream = next()) {
        put_runs(in.runs[*stream], part_of(self.recent, in, *stream), kept_.gaps_begin_anew);
        at.next = static_cast<stream_number>(*stream + 1);
    }
    const bool is_last = !next();
    if (is_last || !kept_.watermark_with_last_slice) {
        in.watermark = kept_.target_is_frozen ? target : in.head();
        at = {};
        self.trims_to = in.watermark;
        if (!kept_.tail_kept_until_commit)
            std::erase_if(self.recent.entries, [&](const entry& each) { return each.position <= in.watermark; });
    }
}

void model::write(state& all, process& self, const step& one) {
    auto in = all.committed->first;
    if (kept_.writer_catches_up) fill(self.recent, in, oldest_look(all, self));
    if (self.remembered && (!self.others_wrote || !kept_.merges_of_others_are_seen)) in.merging = *self.remembered;
    self.others_wrote = false;
    self.remembered.reset();
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
    if (!kept_.merges_of_others_are_seen) self.remembered = all.committed->first.merging;
    for (auto& each : all.processes)
        if (&each != &self && each.runs) each.others_wrote = true;
    self.at = phase::committed;
}

void model::publish(state& all, process& self) const {
    const auto made = std::exchange(self.appended, {});
    if (made.position > (kept_.present_entries_are_skipped ? self.recent.ends_at : 0)) {
        self.recent.entries.push_back(made);
        self.recent.ends_at = std::max(self.recent.ends_at, made.position);
    }
    const auto trims_to = std::min(std::exchange(self.trims_to, number{0}), oldest_look(all, self));
    if (trims_to > 0) trim(self.recent, trims_to);
    self.at = phase::idle;
}

void model::roll_back(state& all, process& self) const {
    ++all.roll_backs;
    if (!kept_.rolled_back_slices_are_undone) self.remembered = self.transaction->first.merging;
    self.at = phase::idle;
    self.transaction = nullptr;
    self.appended = {};
    self.trims_to = 0;
}

void model::crash(state& all, std::size_t which) const {
    ++all.crashes;
    all.processes[which] = {};
    all.processes[which].runs = false;
    for (std::size_t r = 0; r < limits_.readers.size(); ++r)
        if (limits_.readers[r] == which) all.snapshots[r] = nullptr, all.looking[r] = false;
}

// ---- Steps of a reader ----

/// A reader reads into the tail what it lacks, and then looks at it; or takes a newer snapshot if that is too old.
void model::look(state& all, std::size_t reader) const {
    auto& snapshot = all.snapshots[reader];
    auto& self = all.processes[limits_.readers[reader]];
    if (kept_.readers_fill_tail) fill(self.recent, snapshot->first, oldest_look(all, self));
    const bool is_trimmed = snapshot->first.watermark < self.recent.begins_after;
    const bool has_gaps = snapshot->first.head() < self.recent.whole_from;
    if ((kept_.old_snapshots_are_renewed && is_trimmed) || (kept_.gaps_renew_snapshots && has_gaps))
        snapshot = all.committed;
    else
        all.looking[reader] = true;
}

void model::read(state& all, std::size_t reader) const {
    auto& snapshot = all.snapshots[reader];
    auto& self = all.processes[limits_.readers[reader]];
    check_reader(snapshot->first, self.recent, all.committed->first.watermark);
    all.looking[reader] = false;
    const auto trims_to = std::min(std::exchange(snapshot, nullptr)->first.watermark, oldest_look(all, self));
    if (trims_to > self.recent.begins_after) trim(self.recent, trims_to);
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
        if (!self.remembered) self.others_wrote = false;
        bool is_old = false;
        for (std::size_t r = 0; r < limits_.readers.size(); ++r)
            if (limits_.readers[r] == p && all.snapshots[r] != nullptr)
                is_old |= all.snapshots[r]->first.head() < self.recent.whole_from;
        if (!is_old) self.recent.whole_from = 0;
    }
    // Readers of one process are alike.
    for (std::size_t r = 1; r < limits_.readers.size(); ++r)
        if (const auto q = r - 1;
            limits_.readers[q] == limits_.readers[r] &&
            std::tie(all.snapshots[r], all.looking[r]) < std::tie(all.snapshots[q], all.looking[q]))
            std::swap(all.snapshots[q], all.snapshots[r]), std::swap(all.looking[q], all.looking[r]);
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
            steps.push_back({.what = step::kind::roll_back, .who = p});
        if (self.at == phase::committed) steps.push_back({.what = step::kind::publish, .who = p});
        if (now.crashes < limits_.crashes) steps.push_back({.what = step::kind::crash, .who = p});
    }
    for (std::uint8_t r = 0; r < limits_.readers.size(); ++r)
        if (now.processes[limits_.readers[r]].runs)
            steps.push_back({.what = now.snapshots[r] == nullptr ? take_snapshot
                                     : now.looking[r]            ? step::kind::read
                                                                 : step::kind::look,
                             .who = r});
    return steps;
}

state model::perform(const state& before, const step& one) {
    auto all = before;
    const auto self = [&]() -> process& { return all.processes[one.who]; };
    switch (one.what) {
        case step::kind::write: write(all, self(), one); break;
        case step::kind::commit: commit(all, self()); break;
        case step::kind::publish: publish(all, self()); break;
        case step::kind::roll_back: roll_back(all, self()); break;
        case step::kind::take_snapshot: all.snapshots[one.who] = all.committed; break;
        case step::kind::look: look(all, one.who); break;
        case step::kind::read: read(all, one.who); break;
        case step::kind::crash: crash(all, one.who); break;
        case step::kind::open: self() = {}; break;
    }
    simplify(all);
    return all;
}

}  // namespace index_model
