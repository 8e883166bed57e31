#include "courses/catalogue.hpp"
#include "courses/enrolment.hpp"
#include "support/domains/booking.hpp"
#include "support/errors.hpp"

#include <stele/testing.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace courses;
using stele::given;

namespace {

// What scenario_failed says, without the place.
std::string failure_of(const std::function<void()>& expectation) {
    try {
        expectation();
    } catch (const stele::scenario_failed& failed) {
        const std::string text = failed.what();
        return text.substr(text.find('\n') + 1);
    }
    return "";
}

}  // namespace

TEST_CASE("a model gets the given events in the boundary of the command, and no others") {
    const auto result = given<enrolment>(opened("c1", 9), opened("c2", 5), enrolled("c1", "ada"), enrolled("c2", "ada"),
                                         enrolled("c1", "bob"), enrolled("c3", "eve"))
                            .when(enrol("c1", "ian"));
    CHECK(result.state().of_course.seats == 9);
    CHECK(result.state().of_course.taken == 3);
    CHECK(result.state().of_student.courses == std::set<std::string>{"c1"});
    const auto of_ada =
        given<enrolment>(opened("c1", 1), enrolled("c2", "ada"), enrolled("c1", "bob")).when(enrol("c1", "ada"));
    CHECK(of_ada.state().of_course.taken == 1);
    CHECK(of_ada.state().of_student.courses == std::set<std::string>{"c2"});
    of_ada.then_rejected("course_full");
}

TEST_CASE("what a model decides is folded, as far as it is in the boundary") {
    const auto result = given<enrolment>(opened("c1", 2)).when(enrol("c1", "ada"));
    result.then(enrolled("c1", "ada"));
    CHECK(result.state().of_course.taken == 1);
    CHECK(result.state().of_student.courses == std::set<std::string>{"c1"});
}

TEST_CASE("the rules of the samples hold, and what is not met is shown") {
    given<catalogue>(opened("c1", 20)).when(change_seats("c1", 30)).then(seats_changed("c1", 30));
    CHECK(failure_of([] {
              given<catalogue>(opened("c2", 20)).when(change_seats("c1", 30)).then(seats_changed("c1", 30));
          }).contains("no_such_course"));
    CHECK(failure_of([] {
              given<enrolment>(opened("c1", 1)).when(enrol("c1", "ada")).then_nothing();
          }).contains("courses.StudentEnrolled"));
}

TEST_CASE("a command whose boundary makes no tag is an error, as over a store") {
    const auto refused = testing::error_of([] { (void)given<catalogue>().when(open_course("", "Geology", 1)); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says("tag 'course:': has no value"));
    CHECK(refused.says("(decision model courses::catalogue)"));
    CHECK(refused.says("given_model_test.cpp:"));
    const auto unfit =
        testing::error_of([] { (void)given<enrolment>(opened("c1", 1), enrolled("c1", "")).when(enrol("c1", "ada")); });
    CHECK(unfit.kind == stele::error_kind::invalid_argument);
    CHECK(unfit.says("given_model_test.cpp:"));
    CHECK(unfit.says("courses.StudentEnrolled: tag 'student:': has no value"));
}

TEST_CASE("a part with an empty list folds nothing, and one with a list what carries any of it") {
    using testing::book;
    using testing::booked;
    given<testing::booking>(booked("s1", {"A1"}, "ada")).when(book("s1", {}, "ada")).then_rejected("no_seats");
    const auto result = given<testing::booking>(booked("s1", {"A1"}, "ada"), booked("s1", {"A2", "A3"}, "bob"))
                            .when(book("s1", {}, "bob"));
    CHECK(result.state().taken.seats.empty());
    CHECK(result.state().of_guest.bookings == 1);
    given<testing::booking>(booked("s1", {"A2", "A3"}, "bob"))
        .when(book("s1", {"A1", "A2"}, "ada"))
        .then_rejected("taken");
    given<testing::booking>(booked("s2", {"A1", "A2"}, "bob"))
        .when(book("s1", {"A1", "A2"}, "ada"))
        .then(booked("s1", {"A1", "A2"}, "ada"));
}
