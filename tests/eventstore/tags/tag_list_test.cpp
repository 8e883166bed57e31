#include "support/errors.hpp"

#include <stele/eventstore.hpp>

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

using stele::tag_list;
using stele::tags_view;
using testing::error_of;

namespace {

std::vector<std::string> all(tags_view tags) {
    return {tags.begin(), tags.end()};
}
std::vector<std::string> all(const tag_list& tags) {
    return all(tags.view());
}

std::string refusal(const std::string& tag) {
    const auto refused = error_of([&] { (void)tag_list{tag}; });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    return refused.message;
}

}  // namespace

TEST_CASE("tags are a set in the order of their bytes") {
    const tag_list tags{"student:s7", "course:c1", "student:s7", "course:c10", "a:b:c"};
    CHECK(all(tags) == std::vector<std::string>{"a:b:c", "course:c1", "course:c10", "student:s7"});
    CHECK(tags.view().size() == 4);
    CHECK(tags == tag_list{"a:b:c", "student:s7", "course:c10", "course:c1"});
    CHECK(tags.view().text() == "a:b:c\ncourse:c1\ncourse:c10\nstudent:s7");
    CHECK(tag_list{}.empty());
    CHECK(all(tags_view{}).empty());
    CHECK(tags_view{}.size() == 0);
}

TEST_CASE("a tag is found as a whole") {
    const tag_list tags{"course:c1", "student:s7"};
    CHECK(tags.view().contains("course:c1"));
    CHECK_FALSE(tags.view().contains("course:c"));
    CHECK_FALSE(tags.view().contains("course:c11"));
    CHECK_FALSE(tags.view().contains("ourse:c1"));
    CHECK_FALSE(tags.view().contains(""));
    CHECK_FALSE(tags_view{}.contains("course:c1"));
}

TEST_CASE("any tags are looked up as in a set") {
    std::mt19937 random{7};
    const auto some = [&] {
        std::set<std::string> chosen;
        for (auto n = random() % 8; n > 0; --n)
            chosen.insert(std::string(1, static_cast<char>('a' + random() % 9)) + ":1");
        return chosen;
    };
    const auto list_of = [&](const std::set<std::string>& from) {
        std::vector<std::string> mixed(from.begin(), from.end());
        std::ranges::shuffle(mixed, random);
        return tag_list{std::span<const std::string>{mixed}};
    };
    for (int round = 0; round < 500; ++round) {
        const auto left = some();
        const auto right = some();
        const auto tags = list_of(left);
        CHECK(all(tags) == std::vector<std::string>(left.begin(), left.end()));
        const auto wanted = list_of(right);
        CHECK(tags.view().contains_all(wanted) == std::ranges::includes(left, right));
        for (const auto& tag : right) CHECK(tags.view().contains(tag) == left.contains(tag));
    }
}

TEST_CASE("what is no tag is refused with a sentence") {
    CHECK(refusal("course") == "tag 'course': has no key; write key:value, for example course:c1");
    CHECK(refusal(":c1").contains("has no key"));
    CHECK(refusal("").contains("has no key"));
    CHECK(refusal("course:").contains("'course:': has no value"));
    CHECK(refusal("course:\n") == "tag 'course:?': contains a control character");
    CHECK(refusal("course:a:\x7F") == "tag 'course:?': contains a control character");
    CHECK(refusal("course:\xFF") == "tag 'course:?': is not valid UTF-8");
    CHECK(refusal("cou\nrse:c1") == "tag '?': contains a control character");
    CHECK(refusal("\xFF") == "tag '?': is not valid UTF-8");
    CHECK(refusal(std::string(128, 'k') + ":").contains(std::string(128, 'k') + ":': has no value"));
    CHECK(refusal("k:" + std::string(255, 'v')).contains("has 257 bytes, at most 256"));
    CHECK(all(tag_list{"k:" + std::string(254, 'v')}).size() == 1);
    CHECK(all(tag_list{"\u00E9:\u00E9"}).size() == 1);
}

TEST_CASE("an event has 32 tags at most") {
    tag_list tags;
    for (int i = 0; i < 32; ++i) tags.add("n:" + std::to_string(i));
    const auto full = tags;
    CHECK(error_of([&] { tags.add("n:32"); }).message == "tag 'n:32': is one too many: an event has at most 32 tags");
    CHECK(tags == full);
    tags.add("n:7");  // it is there
    CHECK(tags == full);
}

TEST_CASE("tags stay with an event, however it is kept") {
    const stele::event_data data{.type = "test.Tagged", .payload = "p", .metadata = "m", .tags = {"b:2", "a:1"}};
    CHECK(data.size_bytes() == 1 + 1 + 7);
    const auto recorded = as_recorded(data, "s-1", {{1}, {1}});
    CHECK(all(recorded.tags) == std::vector<std::string>{"a:1", "b:2"});
    const stele::owned_event owned(recorded);
    CHECK(all(owned.view().tags) == all(recorded.tags));
    stele::event_batch batch;
    batch.add(recorded);
    const stele::event_data plain{.type = "test.Plain"};
    batch.add(as_recorded(plain, "s-1", {{2}, {2}}));
    CHECK(all(batch.front().tags) == all(recorded.tags));
    CHECK(batch.front().metadata == "m");
    CHECK(batch.back().tags.empty());
    CHECK(batch.size_bytes() == std::string{"s-1test.Taggedpma:1\nb:2s-1test.Plain"}.size());
}

TEST_CASE("tags that a key made go wherever tags go") {
    constexpr stele::tag_key<"course"> course;
    constexpr stele::tag_key<"student"> student;
    const stele::event_query one{.tags = {course("c1")}};
    CHECK(one.tags == tag_list{"course:c1"});
    const stele::event_query plain{.tags = course("c1")};
    CHECK(plain.tags == one.tags);
    const stele::event_query both{.tags = {student("s7"), "course:c1"},
                                  .any_of = {{.tags = {course("c1")}}, {.tags = stele::tags(student("s7"))}}};
    CHECK(both.tags == tag_list{"course:c1", "student:s7"});
    CHECK(both.any_of[1].tags == tag_list{"student:s7"});
    stele::event_data data{.type = "test.Tagged", .tags = stele::tags(std::vector{course("b"), course("a")})};
    CHECK(data.tags == tag_list{"course:a", "course:b"});
    data.tags = course("c1");
    data.tags.add(student("s7"));
    CHECK(data.tags == both.tags);
    data.tags = {course("c1"), student("s7")};
    CHECK(data.tags.contains(course("c1")));
    CHECK_FALSE(data.tags.view().contains(course("c2")));
    CHECK(error_of([&] { data.tags = {course("")}; }).message.contains("'course:': has no value"));
}

TEST_CASE("a list of tags is a range, as its view is") {
    const tag_list tags{"b:2", "a:1"};
    std::vector<std::string> seen;
    for (const std::string_view tag : tags) seen.emplace_back(tag);
    CHECK(seen == std::vector<std::string>{"a:1", "b:2"});
    CHECK(fmt::format("{}", fmt::join(tags, " ")) == "a:1 b:2");
    CHECK(std::ranges::distance(tags) == 2);
    const tag_list none;
    CHECK(none.begin() == none.end());
}

TEST_CASE("a key makes tags of texts and numbers") {
    constexpr stele::tag_key<"course"> course;
    CHECK(course("c1").text() == "course:c1");
    CHECK(course(17).text() == "course:17");
    CHECK(course(std::uint64_t{18446744073709551615U}).text() == "course:18446744073709551615");
    CHECK(error_of([&] { (void)course(""); }).message.contains("'course:': has no value"));
    CHECK(all(stele::tags(course("b"), std::optional{course("a")}, std::vector{course("d"), course("c")}).list()) ==
          std::vector<std::string>{"course:a", "course:b", "course:c", "course:d"});
    CHECK(stele::tags(std::optional<stele::tag<stele::tag_key<"course">>>{}).list().empty());
}
