#pragma once

#include "messages.hpp"

#include <stele/codec.hpp>
#include <stele/commands.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace courses {

namespace hana = boost::hana;

// [parts]
struct course_seats {  // of one course: how many seats it has, and who sits there
    static constexpr auto events = hana::tuple_t<CourseOpened, SeatsChanged, StudentEnrolled, StudentLeft>;

    std::uint32_t seats = 0;
    std::uint32_t taken = 0;

    void evolve(const CourseOpened& e) { seats = e.seats(); }
    void evolve(const SeatsChanged& e) { seats = e.seats(); }
    void evolve(const StudentEnrolled&) { ++taken; }
    void evolve(const StudentLeft&) { --taken; }
};

struct timetable {  // of one student: which courses
    static constexpr auto events = hana::tuple_t<StudentEnrolled, StudentLeft>;

    std::set<std::string> courses;

    void evolve(const StudentEnrolled& e) { courses.insert(e.course()); }
    void evolve(const StudentLeft& e) { courses.erase(e.course()); }
};
// [/parts]

// [model]
struct enrolment {  // a decision model of two parts: one rule is about the course, one about the student
    static constexpr auto events = hana::tuple_t<StudentEnrolled, StudentLeft>;  // what it decides
    static constexpr auto commands = hana::tuple_t<Enrol, Leave>;
    static auto boundary(const auto& command) {
        return stele::parts(stele::part(&enrolment::of_course, course_tag(command.course())),
                            stele::part(&enrolment::of_student, student_tag(command.student())));
    }
    static constexpr std::size_t most_courses = 3;

    course_seats of_course;
    timetable of_student;

    stele::decision<enrolment> decide(const Enrol& c) const {
        if (of_course.seats == 0) return stele::reject("no_such_course", "there is no course {}", c.course());
        if (of_student.courses.contains(c.course())) return stele::no_change();  // sent twice
        if (of_course.taken >= of_course.seats) return stele::reject("course_full", "all {} seats", of_course.seats);
        if (of_student.courses.size() == most_courses)
            return stele::reject("too_many_courses", "{} has {} courses", c.student(), most_courses);
        return stele::accept(stele::make_from<StudentEnrolled>(c));
    }
    stele::decision<enrolment> decide(const Leave& c) const {
        if (!of_student.courses.contains(c.course())) return stele::no_change();
        return stele::accept(stele::make_from<StudentLeft>(c));
    }
};
// [/model]

}  // namespace courses
