// A process that sends commands to a decision model, and hears of its events.

#include "courses/catalogue.hpp"
#include "courses/enrolment.hpp"
#include "support/stores.hpp"

#include <stele/commands.hpp>
#include <stele/processes.hpp>

#include <string>
#include <vector>

using courses::enrol;
using courses::leave;
using courses::open_course;

namespace {

namespace hana = boost::hana;

/// Who leaves a course is enrolled in the next one: after c1 that is c11. If there is none, it is opened.
struct next_course {
    static constexpr auto name = "next_course";
    static constexpr auto events = hana::tuple_t<courses::StudentLeft>;
    static constexpr auto commands = hana::tuple_t<courses::Enrol, courses::OpenCourse>;
    using reaction = stele::reaction<next_course>;
    static std::string instance_id(const courses::StudentLeft& event) { return event.student() + "." + event.course(); }

    void evolve(const courses::StudentLeft&) {}
    reaction react(const courses::StudentLeft& event) const {
        return reaction{}.send(enrol(event.course() + "1", event.student()));
    }
    void evolve(const auto&) {}
    reaction react(const stele::rejected<courses::Enrol>& rejected) const {
        return reaction{}.send(open_course(rejected.command.course(), rejected.reason.code, 1));
    }
    reaction react(const stele::rejected<courses::OpenCourse>&) const { return {}; }
};

std::vector<std::string> enrolments(stele::event_store& store) {
    std::vector<std::string> all;
    for (const auto& event : store.read_all({.filter = {.types = {"courses.StudentEnrolled"}}}).events()) {
        courses::StudentEnrolled enrolled;
        REQUIRE(enrolled.ParseFromArray(event.payload.data(), static_cast<int>(event.payload.size())));
        all.push_back(enrolled.student() + " in " + enrolled.course());
        CHECK(event.tags == stele::tag_list{"course:" + enrolled.course(), "student:" + enrolled.student()});
    }
    return all;
}

}  // namespace

STORE_TEST_CASE(store, "a process sends to a model as to an aggregate, once") {
    stele::command_bus<courses::catalogue, courses::enrolment> bus{*store};
    for (const auto* course : {"c1", "c11", "c2"}) REQUIRE(bus.send(open_course(course, "Geology", 1)));
    REQUIRE(bus.send(enrol("c1", "ada")));
    REQUIRE(bus.send(enrol("c2", "bob")));
    REQUIRE(bus.send(leave("c1", "ada")));
    REQUIRE(bus.send(leave("c2", "bob")));  // there is no c21
    for (int round = 0; round < 2; ++round) {
        stele::process_runner runner{*store};
        runner.add<next_course>(bus);
        runner.catch_up();
        CHECK(enrolments(*store) == std::vector<std::string>{"ada in c1", "bob in c2", "ada in c11"});
        CHECK(store->stream_version(stele::stream_id{"course-c21"}).value == 1);
        store.reopen();
    }
}
