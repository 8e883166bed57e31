#include "eventstore/engine/name_ranges.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace stele::inline v0::detail {
namespace {

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

}  // namespace

name_ranges::name_ranges(const event_query& filter) {
    std::vector<range> all;
    for (const auto& category : filter.categories) {
        all.push_back({category, category + ' '});  // the one stream without an id: ' ' is the least byte of a name
        all.push_back({category + '-', after_all_with(category + '-')});
    }
    for (const auto& stream : filter.streams) all.push_back({stream, stream + ' '});
    for (const auto& prefix : filter.stream_prefixes) all.push_back({prefix, after_all_with(prefix)});
    std::ranges::sort(all, {}, &range::first);
    for (auto& next : all) {
        if (ranges_.empty() || (!ranges_.back().end.empty() && ranges_.back().end < next.first)) {
            ranges_.push_back(std::move(next));
        } else if (auto& end = ranges_.back().end; !end.empty() && (next.end.empty() || end < next.end)) {
            end = std::move(next.end);
        }
    }
}

bool name_ranges::contains(std::string_view name) const {
    const auto after =
        std::ranges::upper_bound(ranges_, name, {}, [](const range& each) -> std::string_view { return each.first; });
    if (after == ranges_.begin()) return false;
    const auto& end = std::prev(after)->end;
    return end.empty() || name < end;
}

std::string name_ranges::json() const {
    std::string list;
    for (const auto& each : ranges_) {
        list += list.empty() ? '[' : ',';
        list += '[' + json_string(each.first) + ',' + (each.end.empty() ? "null" : json_string(each.end)) + ']';
    }
    return list + ']';
}

}  // namespace stele::inline v0::detail
