#pragma once

#include "messages.hpp"

#include <stele/codec.hpp>
#include <stele/commands.hpp>

#include <cstdint>

namespace courses {

namespace hana = boost::hana;

// [model]
struct catalogue {  // a decision model: what there is to know of one course, to open it and to change it
    static constexpr auto events = hana::tuple_t<CourseOpened, SeatsChanged>;
    static constexpr auto commands = hana::tuple_t<OpenCourse, ChangeSeats>;
    static auto boundary(const auto& command) { return course_tag(command.course()); }

    bool is_open = false;
    std::uint32_t seats = 0;

    stele::decision<catalogue> decide(const OpenCourse& c) const {
        if (c.seats() == 0) return stele::reject("no_seats", "a course has one seat or more");
        if (is_open) return stele::reject("course_exists", "there is a course {}", c.course());
        return stele::accept(stele::make_from<CourseOpened>(c));
    }
    stele::decision<catalogue> decide(const ChangeSeats& c) const {
        if (!is_open) return stele::reject("no_such_course", "there is no course {}", c.course());
        if (c.seats() == seats) return stele::no_change();
        return stele::accept(stele::make_from<SeatsChanged>(c));
    }

    void evolve(const CourseOpened& e) { is_open = true, seats = e.seats(); }
    void evolve(const SeatsChanged& e) { seats = e.seats(); }
};
// [/model]

}  // namespace courses
