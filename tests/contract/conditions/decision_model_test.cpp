// Decision models on a command bus: the rules of samples/courses over every store.

#include "courses/catalogue.hpp"
#include "courses/enrolment.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands.hpp>

#include <atomic>
#include <barrier>
#include <thread>
#include <utility>
#include <vector>

using courses::catalogue;
using courses::change_seats;
using courses::enrol;
using courses::enrolment;
using courses::leave;
using courses::open_course;
using stele::position;

namespace {

using course_bus = stele::command_bus<catalogue, enrolment>;

std::string code_of(const stele::command_result& result) {
    if (result) return result->events.empty() ? "nothing" : "accepted";
    if (const auto* no = result.error().rejection()) return no->code;
    return "conflict";
}

std::uint64_t enrolled_in(stele::event_store& store, const std::string& tag) {
    return store.count_events({.filter = {.types = {"courses.StudentEnrolled"}, .tags = {tag}}});
}

}  // namespace

STORE_TEST_CASE(store, "a model decides on what carries its tags, in whatever streams") {
    course_bus bus{*store};
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "no_such_course");
    CHECK(code_of(bus.send(open_course("c1", "Geology", 2))) == "accepted");
    CHECK(code_of(bus.send(open_course("c1", "Geology", 2))) == "course_exists");
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "accepted");
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "nothing");
    CHECK(code_of(bus.send(enrol("c1", "bob"))) == "accepted");
    CHECK(code_of(bus.send(enrol("c1", "eve"))) == "course_full");
    CHECK(code_of(bus.send(change_seats("c1", 3))) == "accepted");
    CHECK(code_of(bus.send(enrol("c1", "eve"))) == "accepted");
    for (const auto* course : {"c2", "c3", "c4"})
        CHECK(code_of(bus.send(open_course(course, "Another", 9))) == "accepted");
    CHECK(code_of(bus.send(enrol("c2", "ada"))) == "accepted");
    CHECK(code_of(bus.send(enrol("c3", "ada"))) == "accepted");
    CHECK(code_of(bus.send(enrol("c4", "ada"))) == "too_many_courses");
    CHECK(code_of(bus.send(leave("c2", "ada"))) == "accepted");
    CHECK(code_of(bus.send(enrol("c4", "ada"))) == "accepted");
    store.reopen();
    course_bus after{*store};
    CHECK(code_of(after.send(enrol("c1", "ian"))) == "course_full");
    CHECK(code_of(after.send(enrol("c2", "ada"))) == "too_many_courses");
}

STORE_TEST_CASE(store, "the receipt says where the events are, and what was decided on if there are none") {
    course_bus bus{*store};
    const auto opened = bus.send(open_course("c1", "Geology", 2));
    CHECK(opened->stream.str() == "course-c1");
    CHECK(opened->version.value == 1);
    CHECK(opened->position.value == 1);
    CHECK(opened->events.front().tags == stele::tag_list{"course:c1"});
    const auto enrolled = bus.send(enrol("c1", "ada"));
    CHECK(enrolled->version.value == 2);
    CHECK(enrolled->events.front().tags == stele::tag_list{"course:c1", "student:ada"});
    REQUIRE(bus.send(open_course("c2", "Another", 2)));
    const auto again = bus.send(enrol("c1", "ada"));
    CHECK(again->version.value == 0);
    CHECK(again->position.value == 2);
    CHECK(again->events.empty());
}

STORE_TEST_CASE(store, "a command with an idempotency key is decided once") {
    course_bus bus{*store};
    REQUIRE(bus.send(open_course("c1", "Geology", 1)));
    const auto key = stele::uuid::v7();
    const auto first = bus.send(enrol("c1", "ada"), {.idempotency_key = key});
    REQUIRE(first);
    REQUIRE(bus.send(leave("c1", "ada")));
    const auto again = bus.send(enrol("c1", "ada"), {.idempotency_key = key});
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->version == first->version);
    CHECK(again->position == first->position);
    CHECK(enrolled_in(*store, "student:ada") == 1);
    const auto other = testing::error_of([&] { (void)bus.send(leave("c1", "ada"), {.idempotency_key = key}); });
    CHECK(other.kind == stele::error_kind::invalid_argument);
    // The final answer, too, if that is wanted.
    const auto no = stele::uuid::v7();
    REQUIRE(bus.send(enrol("c1", "ada")));
    const stele::send_options remembered{.idempotency_key = no, .remember_rejection = true};
    CHECK(code_of(bus.send(enrol("c1", "bob"), remembered)) == "course_full");
    REQUIRE(bus.send(leave("c1", "ada")));
    CHECK(code_of(bus.send(enrol("c1", "bob"), remembered)) == "course_full");
    CHECK(code_of(bus.send(enrol("c1", "bob"))) == "accepted");
}

STORE_TEST_CASE(store, "middleware, dispatch by name and metadata are those of every command") {
    std::vector<std::string> seen;
    course_bus bus{*store, {.middleware = {[&](stele::sent_command& command, const stele::next_step& next) {
                                seen.push_back(command.type() + " for " + command.stream.str());
                                command.metadata.actor = "office";
                                return next(command);
                            }}}};
    REQUIRE(bus.dispatch_json("courses.OpenCourse", R"({"course": "c1", "title": "Geology", "seats": 1})"));
    REQUIRE(bus.dispatch("courses.Enrol", enrol("c1", "ada").SerializeAsString()));
    CHECK(seen == std::vector<std::string>{"courses.OpenCourse for course-c1", "courses.Enrol for course-c1"});
    for (const auto& event : store->read_all().events()) {
        CHECK(stele::decode_metadata(event.metadata).actor == "office");
        CHECK_FALSE(stele::decode_metadata(event.metadata).correlation_id.empty());
    }
    const auto refused = testing::error_of(
        [&] { (void)bus.send(enrol("c1", "ada"), {.expected = stele::expected_version::exactly({1})}); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says("courses::enrolment, which has no version to expect"));
    CHECK(testing::error_of([&] { (void)bus.send(enrol("", "ada")); })
              .says("The boundary of the command courses.Enrol (decision model courses::enrolment): tag 'course:': has "
                    "no value"));
}

STORE_TEST_CASE(store, "an event that comes between the read and the append is seen by the next attempt") {
    testing::spy_store spy{*store};
    course_bus other{*store};
    course_bus bus{spy};
    REQUIRE(other.send(open_course("c1", "Geology", 1)));
    int appends = 0;
    const auto meanwhile = [&](const auto& command) {
        appends = 0;
        spy.before_append = [&, command] {
            if (appends++ == 0) REQUIRE(other.send(command));
        };
    };
    meanwhile(enrol("c1", "bob"));
    const auto full = bus.send(enrol("c1", "ada"));
    CHECK(code_of(full) == "course_full");
    CHECK(full.error().attempts() == 2);
    CHECK(appends == 1);
    meanwhile(change_seats("c1", 5));
    CHECK(code_of(bus.send(leave("c1", "bob"))) == "accepted");
    CHECK(appends == 2);
    // What is outside of the boundary does not disturb: another course, and a student who is in neither.
    REQUIRE(other.send(open_course("c2", "Another", 5)));
    meanwhile(enrol("c2", "eve"));
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "accepted");
    CHECK(appends == 1);
    // The same student is inside.
    meanwhile(enrol("c2", "ian"));
    CHECK(code_of(bus.send(enrol("c1", "ian"))) == "accepted");
    CHECK(appends == 2);
}

STORE_TEST_CASE(store, "an event that comes while the head is looked at is seen, or in the way") {
    testing::spy_store spy{*store};
    course_bus other{*store};
    course_bus bus{spy};
    REQUIRE(other.send(open_course("c1", "Geology", 1)));
    // If the head were looked at after the read, this one would be neither in the state nor after the head.
    spy.before_head = [&, done = false]() mutable {
        if (!std::exchange(done, true)) REQUIRE(other.send(enrol("c1", "bob")));
    };
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "course_full");
    CHECK(enrolled_in(*store, "course:c1") == 1);
}

STORE_TEST_CASE(store, "attempts have a bound, and the conflict names what was in the way") {
    testing::spy_store spy{*store};
    course_bus other{*store};
    course_bus bus{spy, {.attempts = 3}};
    REQUIRE(other.send(open_course("c1", "Geology", 99)));
    int appends = 0;
    spy.before_append = [&] { REQUIRE(other.send(enrol("c1", "s" + std::to_string(appends++)))); };
    const auto lost = bus.send(enrol("c1", "ada"));
    REQUIRE_FALSE(lost);
    REQUIRE(lost.error().conflict() != nullptr);
    const auto conflict = *lost.error().conflict();
    CHECK(appends == 3);
    CHECK(lost.error().attempts() == 3);
    CHECK(conflict.reason == stele::conflict_reason::condition);
    CHECK(conflict.event->position.value == 4);
    CHECK(conflict.event->tags == stele::tag_list{"course:c1", "student:s2"});
}

STORE_TEST_CASE(store, "a stream that was deleted begins again, and a tombstoned one is closed") {
    course_bus bus{*store};
    REQUIRE(bus.send(open_course("c1", "Geology", 1)));
    REQUIRE(store->delete_stream(stele::stream_id{"course-c1"}));
    CHECK(code_of(bus.send(enrol("c1", "ada"))) == "no_such_course");
    const auto key = stele::uuid::v7();
    const auto reopened = bus.send(open_course("c1", "Geology", 1), {.idempotency_key = key});
    REQUIRE(reopened);
    CHECK(reopened->version.value == 2);
    CHECK(bus.send(open_course("c1", "Geology", 1), {.idempotency_key = key})->version.value == 2);
    REQUIRE(store->tombstone_stream(stele::stream_id{"course-c1"}));
    const auto closed = bus.send(open_course("c1", "Geology", 1));
    REQUIRE_FALSE(closed);
    CHECK(closed.error().conflict()->reason == stele::conflict_reason::tombstoned);
    CHECK(closed.error().attempts() == 1);
}

STORE_TEST_CASE(store, "many threads never exceed a capacity or a limit") {
    constexpr int threads = 8;
    constexpr std::uint32_t seats = 5;
    course_bus first{*store, {.attempts = 100}};
    for (int i = 0; i < 6; ++i) REQUIRE(first.send(open_course("c" + std::to_string(i), "Geology", seats)));
    std::barrier<> together{threads};
    std::atomic<int> conflicts = 0;
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread)
            all.emplace_back([&, thread] {
                course_bus bus{*store, {.attempts = 100}};
                for (int i = 0; i < 6; ++i) {
                    together.arrive_and_wait();
                    const auto course = "c" + std::to_string(i);
                    if (code_of(bus.send(enrol(course, "s" + std::to_string(thread)))) == "conflict") ++conflicts;
                    // Half of the threads want the same for one student.
                    if (thread % 2 == 0 && code_of(bus.send(enrol(course, "same"))) == "conflict") ++conflicts;
                }
            });
    }
    CHECK(conflicts == 0);
    for (int i = 0; i < 6; ++i) CHECK(enrolled_in(*store, "course:c" + std::to_string(i)) <= seats);
    for (int thread = 0; thread < threads; ++thread)
        CHECK(enrolled_in(*store, "student:s" + std::to_string(thread)) <= enrolment::most_courses);
    CHECK(enrolled_in(*store, "student:same") <= enrolment::most_courses);
    CHECK(store->count_events({.filter = {.types = {"courses.StudentEnrolled"}}}) > 15);
}
