// Appends and removals.

#include "contract/naive/answers.hpp"
#include "contract/naive/play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

using stele::expected_version;
using stele::stream_id;

void play::append(const std::string& what, const std::vector<std::vector<stele::event_data>>& events,
                  std::vector<stele::stream_write> writes) {
    std::string text = what;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        writes[i].events = events[i];
        text += fmt::format(", {} to {} at {}", events[i].size(), writes[i].stream.str(), writes[i].expected.str());
    }
    std::vector<stele::no_event> conditions;
    if (random() % 3 == 0) conditions.push_back({any_query(), {random() % (naive_.events().size() + 1)}});
    if (random() % 3 == 0) conditions.push_back({{.tags = {any_tag()}}, {naive_.events().size()}});
    text += fmt::format(", {} conditions", conditions.size());
    const std::vector<stele::append_condition> given(conditions.begin(), conditions.end());
    const auto got = text_of(store(any_writer()).append(writes, {}, given));
    compare(text, got, naive_.append(writes, clock_.now(), conditions));
}

void play::append() {
    const auto stream = any_stream();
    append("append", {any_events()}, {{stream_id{stream}, any_expectation(stream), {}}});
}

void play::append_several() {
    std::vector<std::vector<stele::event_data>> events;
    std::vector<stele::stream_write> writes;
    std::vector<stele::uuid> ids;
    for (const auto* const stream : stream_names) {
        if (random() % 2 == 0) continue;
        auto some = any_events();
        // An id occurs once in an append.
        std::erase_if(some, [&](const auto& each) { return std::ranges::count(ids, each.id) > 0; });
        if (some.empty()) continue;
        for (const auto& each : some) ids.push_back(each.id);
        events.push_back(std::move(some));
        const bool usual = random() % 4 != 0;
        writes.push_back({stream_id{stream}, usual ? expected_version::any() : any_expectation(stream), {}});
    }
    if (!writes.empty()) append("append to several", events, std::move(writes));
}

void play::append_async() {
    const stream_id stream{any_stream()};
    std::vector<std::vector<stele::event_data>> events(1 + random() % 8);
    std::vector<std::future<stele::append_outcome>> under_way;
    auto& into = store(any_writer());
    for (auto& each : events) {
        each = any_events();
        under_way.push_back(into.append_async(stream, expected_version::any(), each));
    }
    std::string got;
    std::string expected;
    for (std::size_t i = 0; i < events.size(); ++i) {
        got += text_of(under_way[i].get());
        expected += naive_.append({{stream, expected_version::any(), events[i]}}, clock_.now());
    }
    compare(fmt::format("append {} times to {} without waiting", events.size(), stream.str()), got, expected);
}

// What was appended before, whole or not, or from the middle of something.
void play::repeat() {
    const auto& all = naive_.events();
    if (all.empty()) return;
    auto place = random() % all.size();
    while (place > 0 && !all[place - 1].closes_append && random() % 8 != 0) --place;
    std::vector<std::vector<stele::event_data>> events;
    std::vector<stele::stream_write> writes;
    for (; place < all.size() && !all[place].is_record; ++place) {
        if (writes.empty() || writes.back().stream.str() != all[place].stream) {
            const bool again =
                std::ranges::any_of(writes, [&](const auto& each) { return each.stream.str() == all[place].stream; });
            if (again) break;
            events.emplace_back();
            const bool usual = random() % 2 == 0;
            writes.push_back(
                {stream_id{all[place].stream},
                 usual ? expected_version::any() : expected_version::exactly({all[place].version.value - 1}),
                 {}});
        }
        events.back().push_back(all[place].data);
        if (all[place].closes_append ? random() % 8 != 0 : random() % 16 == 0) break;
    }
    for (const auto& each : events)
        for (const auto& one : each)
            if (std::ranges::count_if(events,
                                      [&](const auto& some) {
                                          return std::ranges::count(some, one.id, &stele::event_data::id) > 0;
                                      }) > 1 ||
                std::ranges::count(each, one.id, &stele::event_data::id) > 1)
                return;  // appended, removed and appended again
    if (!writes.empty()) append("repeat", events, std::move(writes));
}

void play::remove(stele::stream_removal kind) {
    const auto stream = any_stream();
    const auto before = stele::version{random() % (naive_.last_version(stream) + 3)};
    const auto expected = random() % 2 == 0   ? expected_version::stream_exists()
                          : random() % 4 == 0 ? any_expectation(stream)
                                              : expected_version::any();
    auto& from = store(any_writer());
    const stream_id id{stream};
    const auto got = text_of(kind == stele::stream_removal::truncate ? from.truncate_stream(id, before, expected)
                             : kind == stele::stream_removal::erase  ? from.delete_stream(id, expected)
                                                                     : from.tombstone_stream(id, expected));
    compare(fmt::format("remove ({}) {} before {}", static_cast<int>(kind), stream, before.value), got,
            naive_.remove(stream, expected, kind, before, clock_.now()));
}
