// Appends and removals.

#include "contract/naive/answers.hpp"
#include "contract/naive/play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>
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
    const auto conditions = any_conditions(writes);
    const auto documents = any_documents();
    text += fmt::format(", {} conditions, {} documents", conditions.size(), documents.size());
    auto& into = store(any_writer());
    const auto got = answer_of([&] { return text_of(into.append(writes, documents, conditions)); });
    compare(text, got, naive_.append(writes, clock_.now(), conditions, documents));
}

// Some events, each by itself what a job would find that they lack.
void play::add_tags() {
    stele::tag_batch batch;
    std::set<std::size_t> places;
    const auto count = naive_.events().size();
    for (auto n = std::min<std::size_t>(count, 1 + random() % 4); n > 0; --n) places.insert(random() % count);
    std::string text = "add tags at";
    for (const auto place : places) {
        stele::tag_list tags;
        for (auto n = random() % 3; n > 0; --n) tags.add(any_tag());
        if (naive_.events()[place].is_record) continue;
        text += fmt::format(" {}", place + 1);
        naive_.add_tags(place, tags);
        batch.additions.push_back({{place + 1}, std::move(tags)});
    }
    store(any_writer()).add_tags(batch);
    script_ += text + '\n';
}

void play::step_tagging() {
    const std::string key = random() % 2 == 0 ? "course" : "student";
    const std::string type = event_type_names[random() % std::size(event_type_names)];
    const auto head = naive_.events().size();
    const auto after = random() % 3 == 0 ? random() % (head + 1) : 0;
    const auto up_to = random() % 3 == 0 ? after + random() % (head - after + 1) : head;
    naive_.step(key, type, after, up_to, clock_.now());
    store(any_writer()).add_tags({.steps = {{{key, type, {up_to}, {head}}, {after}}}});
    std::string got;
    for (const auto& each : store(any_reader()).tagging_status())
        got +=
            fmt::format("{} {} {} {} {}\n", each.key, each.type, each.up_to.value, each.goal.value, each.since.value);
    compare(fmt::format("fill {} of {} from {} to {}", key, type, after, up_to), got, naive_.tagging_status());
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
