// Filtered reads. Most events that do not pass are not even read:
//   - a filter by types reads only the blocks of positions listed for them (type_blocks);
//   - a filter by streams with few events in total collects those through the index over (stream, version);
//   - otherwise SQLite steps over the events of the window, a bounded number in one read transaction.

#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace stele::inline v0::detail {
namespace {

// The number of positions examined in one read transaction.
constexpr std::int64_t window_blocks = 16;
constexpr std::int64_t window_positions = window_blocks * positions_per_block;

// A filter by streams with at most this many events collects them instead of stepping over the others.
constexpr std::int64_t few_events = 8192;

// `text` as a JSON string. Names hold no control characters.
std::string json_string(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        json += c;
    }
    return json + '"';
}

// The first name after all names that begin with `prefix`: its last character is replaced by the next one. Names
// compare by bytes, and UTF-8 keeps the order of characters. Empty if there is no such name.
std::string after_all_with(std::string prefix) {
    while (!prefix.empty()) {
        auto start = prefix.size() - 1;
        while ((static_cast<unsigned char>(prefix[start]) & 0xC0) == 0x80) --start;
        const auto length = prefix.size() - start;
        std::uint32_t code = static_cast<unsigned char>(prefix[start]) & (length == 1 ? 0x7FU : 0xFFU >> (length + 1));
        for (auto i = start + 1; i < prefix.size(); ++i)
            code = code << 6 | (static_cast<unsigned char>(prefix[i]) & 0x3F);
        prefix.resize(start);
        ++code;
        if (code == 0xD800) code = 0xE000;  // surrogates are no characters
        if (code > 0x10FFFF) continue;      // the greatest character: increment the one before it
        if (code < 0x80) return prefix + static_cast<char>(code);
        const auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
        if (code < 0x800) return prefix + static_cast<char>(0xC0 | code >> 6) + tail(0);
        if (code < 0x10000) return prefix + static_cast<char>(0xE0 | code >> 12) + tail(6) + tail(0);
        return prefix + static_cast<char>(0xF0 | code >> 18) + tail(12) + tail(6) + tail(0);
    }
    return {};
}

// The names from `first` up to, not including, `end` (empty: no end), as a JSON pair.
std::string json_range(std::string_view first, std::string_view end) {
    return fmt::format("[{},{}]", json_string(first), end.empty() ? "null" : json_string(end));
}

}  // namespace

reader::sql_filter reader::prepare_filter(const event_filter& filter) {
    sql_filter result;
    std::vector<std::int64_t> ids;
    for (const auto& type : filter.types) {
        const reset_guard done(find_type_);
        find_type_.bind_text(1, type);
        if (find_type_.step()) ids.push_back(find_type_.column_int64(0));
    }
    result.nothing = !filter.types.empty() && ids.empty();
    if (!filter.types.empty()) result.types = fmt::format("[{}]", fmt::join(ids, ","));

    std::vector<std::string> ranges;
    for (const auto& category : filter.categories) {
        ranges.push_back(json_range(category, category + ' '));  // the one stream without an id: ' ' is the least byte
        ranges.push_back(json_range(category + '-', after_all_with(category + '-')));
    }
    for (const auto& prefix : filter.stream_prefixes) ranges.push_back(json_range(prefix, after_all_with(prefix)));
    if (!ranges.empty()) result.stream_ranges = fmt::format("[{}]", fmt::join(ranges, ","));
    return result;
}

bool reader::full(const event_batch& batch, std::uint64_t limit) const {
    return batch.size() >= std::min<std::uint64_t>(limit, limits_.read_batch_events) ||
           batch.size_bytes() >= limits_.read_batch_bytes;
}

void reader::fetch_filtered(const all_read_options& options, event_batch& batch) {
    const auto filter = prepare_filter(options.filter);
    if (filter.nothing) return;
    interval rest{to_integer(options.after.value), std::min(to_integer(options.up_to.value), to_integer(head().value))};
    if (!filter.stream_ranges.empty() && few_in_streams(filter)) return scan(rest, filter, true, options, batch);

    while (rest.after < rest.up_to && !full(batch, options.limit) && step_over_gap(rest, options.direction)) {
        interval window = rest;
        if (options.direction == direction::forward) {
            window.up_to = std::min(rest.up_to, (rest.after / window_positions + 1) * window_positions);
            rest.after = window.up_to;
        } else {
            window.after = std::max(rest.after, (rest.up_to - 1) / window_positions * window_positions);
            rest.up_to = window.after;
        }
        for (const auto& part : candidates(window, filter, options.direction)) {
            if (full(batch, options.limit)) return;
            scan(part, filter, false, options, batch);
        }
    }
}

// Shortens the interval to its first event in the order of the read; false if it holds none.
bool reader::step_over_gap(interval& rest, direction order) {
    auto& query = all_[std::to_underlying(order)];
    const reset_guard done(query);
    query.bind(1, rest.after);
    query.bind(2, rest.up_to);
    query.bind(3, std::int64_t{1});
    if (!query.step()) return false;
    const auto first = query.column_int64(0);
    if (order == direction::forward)
        rest.after = std::max(rest.after, first - 1);
    else
        rest.up_to = std::min(rest.up_to, first);
    return true;
}

// The parts of the window that may hold events of the filter's types, in the order of the read.
std::vector<reader::interval> reader::candidates(const interval& window, const sql_filter& filter, direction order) {
    if (filter.types.empty()) return {window};
    std::vector<interval> parts;
    const reset_guard done(blocks_);
    blocks_.bind_text(1, filter.types);
    blocks_.bind(2, window.after / positions_per_block);
    blocks_.bind(3, (window.up_to - 1) / positions_per_block);
    while (blocks_.step()) {
        const auto after = std::max(window.after, blocks_.column_int64(0) * positions_per_block);
        const auto up_to = std::min(window.up_to, (blocks_.column_int64(0) + 1) * positions_per_block);
        if (!parts.empty() && parts.back().up_to == after)
            parts.back().up_to = up_to;
        else
            parts.push_back({after, up_to});
    }
    if (order == direction::backward) std::ranges::reverse(parts);
    return parts;
}

bool reader::few_in_streams(const sql_filter& filter) {
    const reset_guard done(few_in_streams_);
    few_in_streams_.bind(1, few_events + 1);
    few_in_streams_.bind_text(5, filter.stream_ranges);
    return !few_in_streams_.step() || few_in_streams_.column_int64(0) <= few_events;
}

statement& reader::scan_statement(const sql_filter& filter, bool by_stream, direction order) {
    const auto sql = scan_query(!filter.types.empty(), !filter.stream_ranges.empty(), by_stream, order);
    if (const auto known = scans_.find(sql); known != scans_.end()) return known->second;
    return scans_.emplace(sql, db_.prepare(sql)).first->second;
}

void reader::scan(const interval& window, const sql_filter& filter, bool by_stream, const all_read_options& options,
                  event_batch& batch) {
    auto& query = scan_statement(filter, by_stream, options.direction);
    const reset_guard done(query);
    const auto limit = std::min<std::uint64_t>(options.limit, limits_.read_batch_events) - batch.size();
    query.bind(1, window.after);
    query.bind(2, window.up_to);
    query.bind(3, to_integer(limit));
    if (!filter.types.empty()) query.bind_text(4, filter.types);
    if (!filter.stream_ranges.empty()) query.bind_text(5, filter.stream_ranges);
    collect(query,
            {options.direction, static_cast<std::uint64_t>(window.after), static_cast<std::uint64_t>(window.up_to)}, {},
            batch);
}

}  // namespace stele::inline v0::detail
