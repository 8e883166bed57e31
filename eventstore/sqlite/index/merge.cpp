#include "eventstore/sqlite/index/merge.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace stele::inline v0::detail {
namespace {

// The runs of a stream are joined in one merge out of so many.
constexpr std::uint64_t merges_per_join = 8;

uuid id_in(const merge_state& state) {
    return uuid::from_bytes(state.after).value_or(uuid{});
}

position_range range_of(const merge_state& state) {
    return {state.merged, state.merging};
}

// The keys behind the last one that was merged.
std::span<const std::int64_t> rest_of(const std::vector<std::int64_t>& numbers, const merge_state& state) {
    const auto first = std::ranges::upper_bound(numbers, state.after_number());
    return {first, numbers.end()};
}

std::span<const id_position> rest_of(const std::vector<id_position>& ids, const merge_state& state) {
    const auto first =
        state.after.empty() ? ids.begin() : std::ranges::upper_bound(ids, id_in(state), {}, &id_position::first);
    return {first, ids.end()};
}

}  // namespace

void merger::make_plan(const merge_state& state) {
    if (plan_.merging == state.merging && plan_.phase == state.phase) return;
    const auto range = range_of(state);
    plan made{state.merging, state.phase, {}, {}};
    switch (state.phase) {
        case merge_phase::streams: made.numbers = tail_.streams(range); break;
        case merge_phase::tags: made.numbers = tail_.tags(range); break;
        case merge_phase::ids_in_order: made.ids = tail_.ids(range, true); break;
        case merge_phase::ids_out_of_order: made.ids = tail_.ids(range, false); break;
    }
    plan_ = std::move(made);
}

// Each phase returns how many events are left to do, or 0 if it has not come to its end.
void merger::go_on(merge_state& state, std::size_t events) {
    while (events > 0 && state.is_under_way()) {
        make_plan(state);
        switch (state.phase) {
            case merge_phase::streams:
                events = merge_streams(state, events);
                if (events > 0) state.go_to(merge_phase::tags);
                break;
            case merge_phase::tags:
                events = merge_tags(state, events);
                if (events > 0) state.go_to(merge_phase::ids_in_order);
                break;
            case merge_phase::ids_in_order:
                events = merge_blocks(state, events);
                if (events > 0) state.go_to(merge_phase::ids_out_of_order);
                break;
            case merge_phase::ids_out_of_order:
                events = merge_ids(state, events);
                if (events == 0) break;
                state.go_to(merge_phase::streams);
                state.merged = state.merging;
                plan_ = {};
                break;
        }
    }
}

std::size_t merger::merge_streams(merge_state& state, std::size_t events) {
    for (const auto stream : rest_of(plan_.numbers, state)) {
        if (events == 0) return 0;
        const auto runs = tail_.runs(stream, range_of(state));
        std::size_t done = 1;
        if (const auto chance = static_cast<std::uint64_t>(stream + state.merging);
            !runs.empty() && chance % merges_per_join == 0)
            tables_.join_stream(stream, runs.front().first);
        for (const auto& each : runs) {
            tables_.put_stream(stream, each);
            done += each.positions.size();
        }
        state.set_after(stream);
        events -= std::min(events, done);
    }
    return events;
}

std::size_t merger::merge_tags(merge_state& state, std::size_t events) {
    std::vector<std::int64_t> positions;
    for (const auto tag : rest_of(plan_.numbers, state)) {
        if (events == 0) return 0;
        positions.clear();
        tail_.find_tag(tag, range_of(state), positions);
        tables_.put_tag(tag, positions);
        state.set_after(tag);
        events -= std::min(events, positions.size() + 1);
    }
    return events;
}

std::size_t merger::merge_blocks(merge_state& state, std::size_t events) {
    for (auto rest = rest_of(plan_.ids, state); !rest.empty();) {
        if (events == 0) return 0;
        const auto block = rest.first(std::min(rest.size(), index_tables::ids_per_block));
        tables_.put_block(block);
        state.after = block.back().first.as_bytes();
        state.greatest_id = std::max(state.greatest_id, block.back().first);
        rest = rest.subspan(block.size());
        events -= std::min(events, std::size_t{2});  // a row for the whole block
    }
    return events;
}

std::size_t merger::merge_ids(merge_state& state, std::size_t events) {
    for (const auto& each : rest_of(plan_.ids, state)) {
        // The same id may occur twice, if its first event was removed. The second one counts.
        if (events == 0 && each.first != id_in(state)) return 0;
        tables_.put_id(each);
        state.after = each.first.as_bytes();
        events -= std::min(events, std::size_t{1});
    }
    return events;
}

}  // namespace stele::inline v0::detail
