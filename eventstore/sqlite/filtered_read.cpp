// Filtered reads. Most events that do not pass are not even read:
//   - a filter by types reads only the blocks of positions listed for them (type_blocks);
//   - a filter by tags looks up the events that carry them;
//   - a filter by streams with few events in total collects those through the index of the streams;
//   - otherwise the reader steps over the events of the window, a bounded number in one part, and looks at their
//     streams' names, which it knows by id.

#include "eventstore/sqlite/filtered_read.hpp"

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/query_plan.hpp"
#include "eventstore/sqlite/index/sort_each_once.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// The number of positions examined in one part.
constexpr std::int64_t window_blocks = 16;
constexpr std::int64_t window_positions = window_blocks * positions_per_block;

// A filter by streams with at most this many events collects them instead of stepping over the others.
constexpr std::int64_t few_events = 8192;

// A scan of fewer positions does not show how many events are of some types.
constexpr std::uint64_t fewest_to_judge = 128;

}  // namespace

type_ids reader::ids_of(const std::vector<std::string>& types) {
    type_ids ids;
    for (const auto& type : types) {
        const reset_guard done(find_type_);
        find_type_.bind_text(1, type);
        if (find_type_.step()) ids.sorted.push_back(static_cast<std::int64_t>(find_type_.column_number(0, 1)));
    }
    sort_each_once(ids.sorted);
    if (!ids.empty()) ids.json = fmt::format("[{}]", fmt::join(ids.sorted, ","));
    return ids;
}

// The head, if nothing that the filter names is missing. Both are of one moment.
position reader::head_for(const event_query& filter) {
    if (!names_tags(filter)) return head();
    const index_look at(index_);
    if (at->tagging) expect_complete(filter, list_tagging());
    return {static_cast<std::uint64_t>(at->head)};
}

// The head comes first: the types of all events up to there have their ids.
void reader::begin(filtered_read& read) {
    read.begun = true;
    const auto& options = read.options;
    const auto head = to_integer(head_for(options.filter).value);
    read.rest = {to_integer(options.after.value), std::min(to_integer(options.up_to.value), head)};
    read.types = ids_of(options.filter.types);
    if (!options.filter.types.empty() && read.types.empty()) read.rest = {};  // no event can pass
    const auto& filter = options.filter;
    if (event_query rest{.tags = filter.tags,
                         .any_of = filter.any_of,
                         .correlation_id = filter.correlation_id,
                         .system_events = filter.system_events};
        !rest.empty())
        read.others.emplace(std::move(rest));
    if (const auto alternatives = tag_alternatives(filter); !alternatives.empty()) {
        read.tagged = detail::ids_of(tags_, alternatives);
        if (read.tagged->empty()) read.rest = {};  // no event can pass
    }
    if (filter.passes_all_streams()) return;
    // A read that goes on, batch by batch, comes with the same filter.
    if (!last_streams_ || !last_streams_->is_of(options.filter))
        last_streams_ = std::make_shared<stream_filter>(options.filter);
    read.streams = last_streams_;
    if (!last_streams_->many && !read.tagged) read.few = positions_of_few(*last_streams_);
    if (!read.tagged) last_streams_->many = !read.few;
}

bool reader::full(const event_batch& batch, std::uint64_t limit) const {
    return batch.size() >= std::min<std::uint64_t>(limit, limits_.read_batch_events) ||
           batch.size_bytes() >= limits_.read_batch_bytes;
}

bool reader::fetch(filtered_read& read, event_batch& batch) {
    if (!read.begun) begin(read);
    auto& rest = read.rest;
    const auto order = read.options.direction;
    if (rest.after >= rest.up_to || full(batch, read.options.limit)) return false;
    if (read.few) {
        scan_few(read, batch);
        return false;
    }
    if (read.tagged) {
        scan_tagged(read, batch);
        return true;
    }
    if (!step_over_gap(rest, order)) return false;
    // Short windows show soon that the types are not dense any more.
    const bool is_guess = !read.types.empty() && are_dense(read.types);
    const auto window = rest.take_part(order, is_guess ? positions_per_block : window_positions);
    for (const auto& part : candidates(window, read)) {
        if (full(batch, read.options.limit)) return false;
        scan(part, read, batch);
    }
    return true;
}

// Shortens the interval to its first event in the order of the read; false if it holds none.
bool reader::step_over_gap(interval& rest, direction order) {
    auto& query = all_[std::to_underlying(order)];
    const reset_guard done(query);
    query.bind(1, order == direction::forward ? rest.after : rest.up_to);
    if (!query.step()) return false;
    const auto first = static_cast<std::int64_t>(query.column_number(column::position, 1));
    if (first <= rest.after || first > rest.up_to) return false;
    if (order == direction::forward)
        rest.after = std::max(rest.after, first - 1);
    else
        rest.up_to = std::min(rest.up_to, first);
    return true;
}

// The parts of the window that may hold events of the filter's types, in the order of the read.
std::vector<interval> reader::candidates(const interval& window, const filtered_read& read) {
    if (read.types.empty()) return {window};
    std::vector<interval> parts;
    const reset_guard done(blocks_);
    blocks_.bind_text(1, read.types.json);
    blocks_.bind(2, window.after / positions_per_block);
    blocks_.bind(3, (window.up_to - 1) / positions_per_block);
    while (blocks_.step()) {
        const auto block = static_cast<std::int64_t>(blocks_.column_number(0));
        const auto after = std::max(window.after, block * positions_per_block);
        const auto up_to = std::min(window.up_to, (block + 1) * positions_per_block);
        if (!parts.empty() && parts.back().up_to == after)
            parts.back().up_to = up_to;
        else
            parts.push_back({after, up_to});
    }
    if (read.options.direction == direction::backward) std::ranges::reverse(parts);
    return parts;
}

reader::row_order reader::order_within(direction direction, const interval& window) {
    return {direction, static_cast<std::uint64_t>(window.after), static_cast<std::uint64_t>(window.up_to)};
}

// The rows of a scan that pass, but for their types.
reader::selection reader::selection_of(const filtered_read& read) const {
    return {.limit = std::min<std::uint64_t>(read.options.limit, limits_.read_batch_events),
            .streams = read.streams ? &read.streams->ranges : nullptr,
            .others = read.others ? &*read.others : nullptr,
            .compare_leaves = read.options.compare_leaves};
}

// Where the events of these streams are, in their order; nothing if they are many. A stream without events counts as
// one.
std::optional<std::vector<std::int64_t>> reader::positions_of_few(const stream_filter& streams) {
    std::vector<std::int64_t> found;
    const index_look at(index_);
    const reset_guard done(streams_in_ranges_);
    streams_in_ranges_.bind_text(1, streams.json);
    for (std::int64_t count = 0; streams_in_ranges_.step();) {
        const stream_row stream{.id = streams_in_ranges_.column_int64(0),
                                .removed = static_cast<std::int64_t>(streams_in_ranges_.column_number(1))};
        const auto rest = static_cast<std::uint64_t>(few_events - count) + 1;
        const auto more = positions_of(stream, {0, to_integer(version::max().value)}, {}, rest, *at);
        count += std::max(std::ssize(more), std::ptrdiff_t{1});
        if (count > few_events) return std::nullopt;
        found.insert(found.end(), more.begin(), more.end());
    }
    std::ranges::sort(found);
    return found;
}

// Collects all that is left of a read of few events.
void reader::scan_few(filtered_read& read, event_batch& batch) {
    const auto window = std::exchange(read.rest, {});
    std::vector<std::int64_t> positions;
    for (const auto each : *read.few)
        if (each > window.after && each <= window.up_to) positions.push_back(each);
    const auto& options = read.options;
    if (options.direction == direction::backward) std::ranges::reverse(positions);
    auto which = selection_of(read);
    which.streams = nullptr;  // the positions are of these streams alone
    collect_listed(positions, read.types.json, order_within(options.direction, window), which, batch);
}

// Collects a part of the events with the tags: forward the first ones, backward those of a window, which grows while it
// has none.
void reader::scan_tagged(filtered_read& read, event_batch& batch) {
    const auto& options = read.options;
    auto& rest = read.rest;
    interval window = rest;
    const bool forward = options.direction == direction::forward;
    if (!forward) window.after = std::max(rest.after, rest.up_to - read.tagged_window);
    std::vector<std::int64_t> positions;
    {
        const index_look at(index_);
        constexpr auto all = std::numeric_limits<std::size_t>::max();
        auto found = tagged_.find(*at, *read.tagged, {window.after, window.up_to}, forward ? few_events : all);
        positions = std::move(found.positions);
        if (forward) window.up_to = std::min(window.up_to, found.up_to);
    }
    if (forward)
        rest.after = window.up_to;
    else
        rest.up_to = window.after;
    if (positions.empty()) read.tagged_window *= 2;
    if (!forward) std::ranges::reverse(positions);
    collect_listed(positions, read.types.json, order_within(options.direction, window), selection_of(read), batch);
}

// Where most events are of the types, to read them all and skip the others here costs less than to let SQLite compare
// each type.
void reader::scan(const interval& window, const filtered_read& read, event_batch& batch) {
    const auto size_before = batch.size();
    if (are_dense(read.types))
        scan_all(window, read, batch);
    else
        scan_typed(window, read, batch);
    if (read.types.empty()) return;
    const auto passed = batch.size() - size_before;
    auto examined = window;
    if (full(batch, read.options.limit) && passed > 0) {
        const auto last = static_cast<std::int64_t>(batch.back().position.value);
        if (read.options.direction == direction::forward)
            examined.up_to = last;
        else
            examined.after = last - 1;
    }
    const auto size = static_cast<std::uint64_t>(examined.up_to - examined.after);
    if (2 * passed <= size) {
        if (are_dense(read.types)) dense_types_.clear();
    } else if (size >= fewest_to_judge) {
        dense_types_ = read.types.json;
    }
}

void reader::scan_all(const interval& window, const filtered_read& read, event_batch& batch) {
    const auto order = read.options.direction;
    auto& query = all_[std::to_underlying(order)];
    const reset_guard done(query);
    query.bind(1, order == direction::forward ? window.after : window.up_to);
    auto which = selection_of(read);
    if (!read.types.empty()) which.types = &read.types;
    collect(query, order_within(order, window), which, batch);
}

void reader::scan_typed(const interval& window, const filtered_read& read, event_batch& batch) {
    const auto order = read.options.direction;
    auto& prepared = typed_[std::to_underlying(order)];
    if (!prepared) prepared.emplace(db_->prepare(typed_query(order)));
    auto& query = *prepared;
    const reset_guard done(query);
    query.bind(1, window.after);
    query.bind(2, window.up_to);
    query.bind_text(3, read.types.json);
    collect(query, order_within(order, window), selection_of(read), batch);
}

}  // namespace stele::inline v0::detail
