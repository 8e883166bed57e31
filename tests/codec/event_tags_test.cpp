// How the tags of an event are found, and that everything that encodes one stores them.

#include "courses/messages.hpp"
#include "support/counter.hpp"
#include "support/errors.hpp"
#include "values.pb.h"

#include <stele/codec.hpp>
#include <stele/memory.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <vector>

namespace {

constexpr stele::tag_key<"name"> name_tag;
constexpr stele::tag_key<"reader"> reader_tag;

}  // namespace

namespace testing {

// No other test of this program encodes such an event: it would have to see this function, too.
static auto tags_of(const Values& values) {
    std::vector<stele::tag<stele::tag_key<"reader">>> readers;
    for (const auto& reader : values.texts()) readers.push_back(reader_tag(reader));
    using by_title = std::optional<stele::tag<stele::tag_key<"name">>>;
    return stele::tags(values.text().empty() ? by_title{} : name_tag(values.text()), readers);
}

}  // namespace testing

TEST_CASE("an event is stored with the tags that its tags_of names") {
    CHECK(stele::encode(courses::opened("c1", 3)).tags == stele::tag_list{"course:c1"});
    CHECK(stele::encode(courses::enrolled("c1", "ada")).tags == stele::tag_list{"course:c1", "student:ada"});
    CHECK(stele::encode(testing::incremented(1)).tags.empty());
    CHECK(stele::encode(courses::enrolled("c1", "ada"), {.actor = "office"}).tags.size() == 2);
}

TEST_CASE("they are found for a message whose type is not known") {
    const auto enrolled = courses::enrolled("c1", "ada");
    const google::protobuf::Message& message = enrolled;
    CHECK(stele::encode(message).tags == stele::tag_list{"course:c1", "student:ada"});
    const auto plain = testing::incremented(1);
    CHECK(stele::encode(static_cast<const google::protobuf::Message&>(plain)).tags.empty());
}

TEST_CASE("how many tags an event has may be known only at run time") {
    testing::Values values;
    CHECK(stele::encode(values).tags.empty());
    values.set_text("thesis");
    values.add_texts("ada");
    values.add_texts("bob");
    CHECK(stele::encode(values).tags == stele::tag_list{"name:thesis", "reader:ada", "reader:bob"});
    for (int i = 0; i < 40; ++i) values.add_texts(std::to_string(i));
    CHECK(testing::error_of([&] { (void)stele::encode(values); }).says("an event has at most 32 tags"));
}

TEST_CASE("a value that makes no tag is an error when the event is encoded") {
    const auto refused = testing::error_of([] { (void)stele::encode(courses::opened("", 3)); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(
        refused.message ==
        "courses.CourseOpened: tag 'course:': has no value; fill in the field that it is made of, or leave the tag out "
        "where there is none");
}

TEST_CASE("the compiler knows which keys an event carries") {
    using stele::detail::carries;
    using course_key = stele::tag_key<"course">;
    static_assert(carries<courses::CourseOpened, course_key>);
    static_assert(!carries<courses::CourseOpened, stele::tag_key<"student">>);
    static_assert(carries<courses::StudentEnrolled, stele::tag_key<"student">>);
    static_assert(carries<testing::Values, stele::tag_key<"reader">>);
    static_assert(!carries<testing::Incremented, course_key>);
    CHECK(std::is_same_v<stele::detail::tag_set_of<testing::Incremented>, stele::tag_set<>>);
}
