// The rules of the courses, as examples. Each line is a test.

#include "catalogue.hpp"
#include "enrolment.hpp"

#include <stele/testing.hpp>

using namespace courses;
using stele::given;

namespace {

void a_course_is_opened_once() {
    given<catalogue>().when(open_course("c1", "Geology", 20)).then(opened("c1", 20));
    given<catalogue>().when(open_course("c1", "Geology", 0)).then_rejected("no_seats");
    given<catalogue>(opened("c1", 20)).when(open_course("c1", "Geology", 30)).then_rejected("course_exists");
    given<catalogue>(opened("c2", 20)).when(open_course("c1", "Geology", 20)).then(opened("c1", 20));
}

void seats_are_changed() {
    given<catalogue>(opened("c1", 20)).when(change_seats("c1", 30)).then(seats_changed("c1", 30));
    given<catalogue>(opened("c1", 20)).when(change_seats("c1", 20)).then_nothing();
    given<catalogue>(opened("c2", 20)).when(change_seats("c1", 30)).then_rejected("no_such_course");
}

// [tests]
void a_course_has_so_many_seats() {
    given<enrolment>(opened("c1", 1)).when(enrol("c1", "ada")).then(enrolled("c1", "ada"));
    given<enrolment>(opened("c1", 1), enrolled("c1", "bob")).when(enrol("c1", "ada")).then_rejected("course_full");
    given<enrolment>(opened("c1", 1), enrolled("c2", "bob")).when(enrol("c1", "ada")).then(enrolled("c1", "ada"));
    given<enrolment>(opened("c1", 1), enrolled("c1", "bob"), left("c1", "bob"))
        .when(enrol("c1", "ada"))
        .then(enrolled("c1", "ada"));
}

void a_student_has_three_courses_at_most() {
    given<enrolment>(opened("c4", 9), enrolled("c1", "ada"), enrolled("c2", "ada"), enrolled("c3", "ada"))
        .when(enrol("c4", "ada"))
        .then_rejected("too_many_courses");
    given<enrolment>(opened("c4", 9), enrolled("c1", "ada"), enrolled("c2", "bob"), enrolled("c3", "ada"))
        .when(enrol("c4", "ada"))
        .then(enrolled("c4", "ada"));
}
// [/tests]

void what_is_sent_twice_happens_once() {
    given<enrolment>(opened("c1", 1), enrolled("c1", "ada")).when(enrol("c1", "ada")).then_nothing();
    given<enrolment>(opened("c1", 1)).when(leave("c1", "ada")).then_nothing();
    given<enrolment>(opened("c1", 1), enrolled("c1", "ada")).when(leave("c1", "ada")).then(left("c1", "ada"));
}

void fewer_seats_send_nobody_away() {
    given<enrolment>(opened("c1", 2), enrolled("c1", "ada"), enrolled("c1", "bob"), seats_changed("c1", 1))
        .when(enrol("c1", "eve"))
        .then_rejected("course_full");
}

}  // namespace

int main() {
    a_course_is_opened_once();
    seats_are_changed();
    a_course_has_so_many_seats();
    a_student_has_three_courses_at_most();
    what_is_sent_twice_happens_once();
    fewer_seats_send_nobody_away();
}
