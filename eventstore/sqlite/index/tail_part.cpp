#include "eventstore/sqlite/index/tail_part.hpp"

#include "eventstore/sqlite/index/runs.hpp"

#include <algorithm>

namespace stele::inline v0::detail {

// Ids are random in their last half, or hashed, unless somebody chooses them; then a look-up takes longer.
std::size_t tail_part::id_hash::operator()(const uuid& id) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, id.bytes.data(), sizeof halves);
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>((halves[0] * odd) ^ halves[1]);
}

tail_part::offset tail_part::offset_of(std::int64_t position) const {
    return static_cast<offset>(std::clamp(position - after_, std::int64_t{0}, longest));
}

void tail_part::add(const index_entry& entry) {
    const auto at = offset_of(entry.position);
    auto& stream = streams_[entry.stream];
    // What is missing between was removed, and everything before it.
    if (stream.first + std::ssize(stream.positions) < entry.version) stream.positions.clear();
    if (stream.positions.empty()) stream.first = entry.version;
    if (stream.positions.empty() || stream.positions.back() < at) stream.positions.push_back(at);
    for (run_reader tags(entry.tags); const auto tag = tags.next();)
        if (auto& positions = tags_[*tag]; positions.empty() || positions.back() < at) positions.push_back(at);
    if (entry.in_order) {
        if (in_order_.empty() || in_order_.back().second < at) in_order_.emplace_back(entry.id, at);
    } else {
        const auto [first, last] = out_of_order_.equal_range(entry.id);
        if (std::none_of(first, last, [&](const auto& each) { return each.second == at; }))
            out_of_order_.emplace(entry.id, at);
    }
    ++size_;
}

std::pair<std::size_t, std::size_t> tail_part::span_of(const std::vector<offset>& positions,
                                                       position_range within) const {
    const auto place_after = [&](std::int64_t position) {
        if (position < after_) return std::size_t{0};
        const auto found = std::ranges::upper_bound(positions, offset_of(position));
        return static_cast<std::size_t>(found - positions.begin());
    };
    const auto first = place_after(within.after);
    return {first, std::max(first, place_after(within.up_to))};
}

tail_part::places tail_part::places_of(const stream_versions& stream, position_range within,
                                       version_range versions) const {
    const auto size = std::ssize(stream.positions);
    const auto first = std::clamp(versions.first - stream.first, std::int64_t{0}, size);
    const auto last = versions.last < stream.first ? 0 : std::min(versions.last - stream.first, size - 1) + 1;
    const auto [from, to] = span_of(stream.positions, within);
    return {std::max(static_cast<std::size_t>(first), from), std::min(static_cast<std::size_t>(last), to)};
}

void tail_part::find_versions(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                              std::vector<std::int64_t>& found) const {
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    const auto [first, last] = places_of(it->second, within, versions);
    for (auto i = first; i < last && found.size() < most; ++i) found.push_back(position_of(it->second.positions[i]));
}

void tail_part::find_versions_backward(std::int64_t stream, position_range within, version_range versions,
                                       std::size_t most, std::vector<std::int64_t>& found) const {
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    const auto [first, last] = places_of(it->second, within, versions);
    for (auto i = last; i > first && found.size() < most; --i)
        found.push_back(position_of(it->second.positions[i - 1]));
}

std::int64_t tail_part::last_version(std::int64_t stream, position_range within) const {
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return 0;
    const auto [first, last] = span_of(it->second.positions, within);
    return first < last ? it->second.first + static_cast<std::int64_t>(last) - 1 : 0;
}

void tail_part::find_runs(std::int64_t stream, position_range within, std::vector<version_run>& found) const {
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    const auto [first, last] = span_of(it->second.positions, within);
    if (first == last) return;
    const auto version = it->second.first + static_cast<std::int64_t>(first);
    // What is missing between two parts was removed.
    if (found.empty() || found.back().first + std::ssize(found.back().positions) != version)
        found.push_back({version, {}});
    for (auto i = first; i < last; ++i) found.back().positions.push_back(position_of(it->second.positions[i]));
}

void tail_part::find_tag(std::int64_t tag, position_range within, std::vector<std::int64_t>& found) const {
    const auto it = tags_.find(tag);
    if (it == tags_.end()) return;
    const auto [first, last] = span_of(it->second, within);
    for (auto i = first; i < last; ++i) found.push_back(position_of(it->second[i]));
}

void tail_part::find_id(const uuid& id, position_range within, std::vector<std::int64_t>& found) const {
    const auto [first, last] = std::ranges::equal_range(in_order_, id, {}, &std::pair<uuid, offset>::first);
    for (auto it = first; it != last; ++it)
        if (is_within(it->second, within)) found.push_back(position_of(it->second));
    const auto [from, to] = out_of_order_.equal_range(id);
    for (auto it = from; it != to; ++it)
        if (is_within(it->second, within)) found.push_back(position_of(it->second));
}

void tail_part::list_streams(position_range within, std::vector<std::int64_t>& found) const {
    for (const auto& [stream, versions] : streams_)
        if (const auto [first, last] = span_of(versions.positions, within); first < last) found.push_back(stream);
}

void tail_part::list_tags(position_range within, std::vector<std::int64_t>& found) const {
    for (const auto& [tag, positions] : tags_)
        if (const auto [first, last] = span_of(positions, within); first < last) found.push_back(tag);
}

void tail_part::list_ids_in_order(position_range within, std::vector<id_position>& found) const {
    for (const auto& [id, at] : in_order_)
        if (is_within(at, within)) found.emplace_back(id, position_of(at));
}

void tail_part::list_ids_out_of_order(position_range within, std::vector<id_position>& found) const {
    for (const auto& [id, at] : out_of_order_)
        if (is_within(at, within)) found.emplace_back(id, position_of(at));
}

uuid tail_part::greatest_id() const {
    return in_order_.empty() ? uuid{} : in_order_.back().first;
}

}  // namespace stele::inline v0::detail
