// The status of projections: as a line for people, and after catch_up() has failed.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/effects/effect.hpp>

#include <atomic>
#include <string>

using namespace std::chrono_literals;
using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;
using stele::projection_state;
using stele::projection_status;

namespace {

std::atomic<bool> fails = false;

/// Into tables, with effects; the effects fail.
struct with_effect {
    static constexpr auto name = "with_effect";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE t (x INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
    static void effect(const Incremented&, const stele::recorded_event&) {
        if (fails) throw std::runtime_error("no gateway");
    }
};

struct in_tables {
    static constexpr auto name = "in_tables";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE t (x INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {
        if (fails) throw std::runtime_error("no table");
    }
};

struct in_memory {
    static constexpr auto name = "in_memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    void project(const Incremented&, const stele::recorded_event&) {
        if (fails) throw std::runtime_error("no memory");
    }
};

projection_status status_of(const projection_runner& runner, std::string_view name) {
    for (auto& status : runner.status())
        if (status.name == name) return status;
    FAIL("no status of ", name);
    return {};
}

}  // namespace

TEST_CASE("the line for people has dead letters, and a rate only while there is one") {
    projection_status status;
    status.name = "p";
    status.state = projection_state::catching_up;
    status.checkpoint = {41};
    status.head = {100};
    status.lag_events = 59;
    status.events_per_s = 12000.4;
    status.dead_lettered = 1;
    CHECK(status.message() == "p: catching up, at 41 of 100 (59 behind), 12000 events/s, 1 dead letter");
    for (const auto state : {projection_state::stopped, projection_state::faulted, projection_state::live}) {
        status.state = state;
        CHECK_FALSE(status.message().contains("events/s"));
    }
    status.state = projection_state::faulted;
    status.dead_lettered = 2;
    status.last_error = "no table";
    CHECK(status.message() == "p: faulted, at 41 of 100 (59 behind), 2 dead letters; last error: no table");
    status.dead_lettered = 0;
    CHECK(status.message() == "p: faulted, at 41 of 100 (59 behind); last error: no table");
    status.state = projection_state::rebuilding;
    status.dead_lettered = 3;
    status.last_error.clear();
    status.rebuild = stele::rebuild_progress{{7}, {100}, 5, {}};
    CHECK(status.message() ==
          "p: rebuilding, at 41 of 100 (59 behind), 3 dead letters; the new generation at 7 of 100, 5 events/s");
}

STORE_TEST_CASE(store, "a catch_up() that fails is seen in the status, whatever kind of projection failed") {
    const temp_dir directory;
    projection_runner runner{*store, directory.path, {.attempts = 1}};
    runner.add<in_tables>();
    runner.add<in_memory>();
    runner.add<with_effect>();
    runner.add<labels>();
    append(*store, 1, incremented(1));
    const std::vector<std::string> failing{"in_tables", "in_memory", "with_effect.effects"};
    fails = true;
    for (const unsigned attempt : {1U, 2U}) {
        CHECK_THROWS_AS(runner.catch_up(), stele::error);
        for (const auto& name : failing) {
            CAPTURE(name);
            const auto status = status_of(runner, name);
            CHECK(status.state == projection_state::faulted);
            CHECK(status.attempts == attempt);
            CHECK(status.last_error.contains("failed at position 1"));
            CHECK(status.message().contains("faulted, at 0 of 1 (1 behind); last error: "));
            const auto waited = runner.wait_for(name, position{1}, 1min);  // returns at once
            REQUIRE_FALSE(waited);
            CHECK(waited.error().status.attempts == attempt);
            CHECK(waited.error().message().contains("it is faulted"));
            CHECK(waited.error().message().contains("failed at position 1"));
        }
        for (const auto* const name : {"labels", "with_effect"}) {
            CHECK(status_of(runner, name).state == projection_state::stopped);
            CHECK(status_of(runner, name).last_error.empty());
        }
    }
    SUBCASE("until another one succeeds") {
        fails = false;
        runner.catch_up();
        for (const auto& status : runner.status()) {
            CHECK(status.state == projection_state::stopped);
            CHECK(status.attempts == 0);
            CHECK(status.checkpoint == position{1});
        }
        CHECK(status_of(runner, "in_memory").last_error.contains("no memory"));
    }
    SUBCASE("or until it is started") {
        fails = false;
        runner.start();
        for (const auto& name : failing) CHECK(runner.wait_for(name, position{1}, 1min));
        for (const auto& status : runner.status()) CHECK(status.attempts == 0);
    }
    SUBCASE("in the background it is faulted again, and a catch_up() resumes it") {
        runner.start();
        for (const auto& name : failing) {
            CHECK_FALSE(runner.wait_for(name, position{1}, 1min));
            CHECK(status_of(runner, name).state == projection_state::faulted);
            CHECK(status_of(runner, name).attempts == 1);
        }
        fails = false;
        runner.catch_up();
        append(*store, 1, incremented(1));
        for (const auto& name : failing) CHECK(runner.wait_for(name, position{2}, 1min));
    }
    fails = false;
}

STORE_TEST_CASE(store, "a read model of another store is faulted, and has reached nothing") {
    const temp_dir directory;
    append(*store, 1, incremented(1));
    {
        projection_runner runner{*store, directory.path};
        runner.add<in_tables>();
        runner.catch_up();
    }
    stele::memory_store other;
    append(other, 1, incremented(1));
    projection_runner runner{other, directory.path};
    runner.add<in_tables>();
    CHECK(error_of([&] { runner.catch_up(); }).kind == error_kind::other_store);
    CHECK(status_of(runner, "in_tables").state == projection_state::faulted);
    CHECK_FALSE(runner.wait_for<in_tables>(position{1}, 1min));
}
