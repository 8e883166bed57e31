// Decision models in transactions, beside aggregates.

#include "courses/catalogue.hpp"
#include "courses/enrolment.hpp"
#include "support/counter.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/commands.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using courses::catalogue;
using courses::enrol;
using courses::enrolment;
using courses::leave;
using courses::open_course;

namespace {

namespace hana = boost::hana;

/// An aggregate over the streams that the models write to: it adds a seat.
struct course_desk {
    static constexpr auto category = "course";
    static constexpr auto events =
        hana::tuple_t<courses::CourseOpened, courses::SeatsChanged, courses::StudentEnrolled, courses::StudentLeft>;
    static constexpr auto commands = hana::tuple_t<testing::OpenCounter>;
    static std::string_view instance_id(const testing::OpenCounter& command) { return command.counter(); }

    std::string course;
    std::uint32_t seats = 0;
    int students = 0;

    stele::decision<course_desk> decide(const testing::OpenCounter& command) const {
        if (course.empty()) return stele::reject("no_such_course", "there is no course {}", command.counter());
        if (students > 3) return stele::reject("enough", "{} students", students);
        return stele::accept(courses::seats_changed(course, seats + 1));
    }
    void evolve(const courses::CourseOpened& e) { course = e.course(), seats = e.seats(); }
    void evolve(const courses::SeatsChanged& e) { seats = e.seats(); }
    void evolve(const courses::StudentEnrolled&) { ++students; }
    void evolve(const courses::StudentLeft&) { --students; }
};

using mixed_bus = stele::command_bus<catalogue, enrolment, testing::counter>;

std::vector<std::string> types(stele::event_store& store) {
    std::vector<std::string> all;
    for (const auto& event : store.read_all().events())
        all.push_back(std::string{event.stream} + " " + std::string{event.type.substr(event.type.find('.') + 1)});
    return all;
}

}  // namespace

STORE_TEST_CASE(store, "each command of a transaction sees what the earlier ones have led to") {
    mixed_bus bus{*store};
    const auto done = bus.transact([](auto& tx) {
        tx.send(open_course("c1", "Geology", 2));
        tx.send(testing::open("k1"));
        tx.send(enrol("c1", "ada"));
        tx.send(testing::increment("k1", 2));
        tx.send(enrol("c1", "bob"));
        if (tx.try_send(enrol("c1", "eve"))) tx.send(testing::increment("k1", 100));
    });
    REQUIRE(done);
    CHECK(types(*store) == std::vector<std::string>{"course-c1 CourseOpened", "course-c1 StudentEnrolled",
                                                    "course-c1 StudentEnrolled", "counter-k1 CounterOpened",
                                                    "counter-k1 Incremented"});
    CHECK(done->position.value == 5);
    REQUIRE(done->streams.size() == 2);
    CHECK(done->streams[0].version.value == 3);
    CHECK(done->streams[0].events.size() == 3);
}

STORE_TEST_CASE(store, "a rejection ends it, and nothing is stored") {
    mixed_bus bus{*store};
    const auto refused = bus.transact([](auto& tx) {
        tx.send(testing::open("k1"));
        tx.send(open_course("c1", "Geology", 1));
        tx.send(enrol("c1", "ada"));
        tx.send(enrol("c1", "bob"));
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rejection()->code == "course_full");
    CHECK(refused.error().command() == "courses.Enrol");
    CHECK(store->head().value == 0);
}

STORE_TEST_CASE(store, "all boundaries hold when it is stored, also those of models that changed nothing") {
    testing::spy_store spy{*store};
    mixed_bus other{*store};
    mixed_bus bus{spy};
    REQUIRE(other.send(open_course("c1", "Geology", 1)));
    int appends = 0;
    spy.before_append = [&] {
        if (appends++ == 0) REQUIRE(other.send(enrol("c1", "ada")));
    };
    int runs = 0;
    bool has_room = false;
    const auto done = bus.transact([&](auto& tx) {
        ++runs;
        has_room = tx.try_send(leave("c1", "bob")).has_value();
        tx.send(testing::open("k" + std::to_string(runs)));
    });
    REQUIRE(done);
    CHECK(has_room);
    CHECK(runs == 2);
    CHECK(types(*store) ==
          std::vector<std::string>{"course-c1 CourseOpened", "course-c1 StudentEnrolled", "counter-k2 CounterOpened"});
}

STORE_TEST_CASE(store, "a transaction with an idempotency key is run once") {
    mixed_bus bus{*store};
    const auto key = stele::uuid::v7();
    int runs = 0;
    const auto run = [&] {
        return bus.transact(
            [&](auto& tx) {
                ++runs;
                tx.send(open_course("c1", "Geology", 2));
                tx.send(enrol("c1", "ada"));
            },
            {.idempotency_key = key});
    };
    const auto first = run();
    REQUIRE(first);
    const auto again = run();
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(runs == 1);
    CHECK(again->streams.front().version == first->streams.front().version);
    CHECK(again->position == first->position);
}

STORE_TEST_CASE(store, "models and an aggregate may write to the same stream, in any order") {
    stele::command_bus<catalogue, enrolment, course_desk> bus{*store};
    const auto add_seat = testing::open("c1");
    CHECK(bus.transact([&](auto& tx) { tx.send(add_seat); }).error().rejection()->code == "no_such_course");
    REQUIRE(bus.transact([&](auto& tx) {
        tx.send(open_course("c1", "Geology", 1));  // by a model: the stream begins
        tx.send(add_seat);                         // the aggregate sees it
        tx.send(enrol("c1", "ada"));               // and the models see what the aggregate has decided
        tx.send(enrol("c1", "bob"));
        tx.send(add_seat);
        tx.send(enrol("c1", "eve"));
    }));
    CHECK(store->stream_version(stele::stream_id{"course-c1"}).value == 6);
    REQUIRE(bus.send(add_seat));  // on the state that the transaction has left
    REQUIRE(bus.send(enrol("c1", "ian")));
    CHECK(bus.transact([&](auto& tx) { tx.send(add_seat); }).error().rejection()->code == "enough");
    const auto last = bus.transact([&](auto& tx) {
        CHECK_FALSE(tx.try_send(add_seat));
        tx.send(leave("c1", "ian"));
        tx.send(add_seat);
    });
    REQUIRE(last);
    REQUIRE(last->streams.size() == 1);
    CHECK(last->streams.front().version.value == 10);
    CHECK(types(*store).back() == "course-c1 SeatsChanged");
}
