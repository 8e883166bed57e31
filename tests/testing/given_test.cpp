#include "support/counter.hpp"
#include "support/warehouse.hpp"

#include <stele/testing/given.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <map>
#include <string>

using namespace testing;
using stele::given;

namespace {

/// The text of the failure, without the path of this file.
std::string failure(const std::function<void()>& expectation) {
    try {
        expectation();
    } catch (const stele::scenario_failed& e) {
        const std::string text = e.what();
        const auto path = text.find("given_test.cpp:");
        REQUIRE(path != std::string::npos);
        return text.substr(text.find(": ", path) + 2);
    }
    return "nothing failed";
}

/// Stores any event it is given.
struct scribe {
    static constexpr auto category = "scribe";
    static constexpr auto events = boost::hana::tuple_t<Note>;
    static constexpr auto commands = boost::hana::tuple_t<Note>;
    static std::string instance_id(const Note& command) { return command.title() + "!"; }

    const int immutable = 0;  // a state need not be assignable
    int notes = 0;

    stele::decision<scribe> decide(const Note& command) const {
        if (notes == 2) return stele::reject("full", "two notes");
        return stele::accept(command);
    }
    void evolve(const Note&) { ++notes; }
};

// Folds outdated events.
struct shelf : warehouse::stock {
    static constexpr auto commands = boost::hana::tuple_t<Note>;
    static std::string instance_id(const Note& note) { return note.title(); }
    stele::decision<shelf> decide(const Note&) const { return stele::no_change(); }
};

}  // namespace

TEST_CASE("expectations that are met") {
    given<counter>().when(open("1", "label")).then(opened("label"));
    given<counter>(opened(), incremented(3)).when(increment("1", 5)).then(incremented(5));
    given<counter>(opened(), incremented(3)).when(decrement("1", 4)).then_rejected("below_zero");
    given<counter>(opened(), incremented(3)).when(decrement("1", 3)).then(decremented(3));
    given<counter>(opened()).when(increment("1", 0)).then_nothing();
    given<counter>().when(count("1", {1, -2, 3})).then(incremented(1), decremented(2), incremented(3));
    given<counter>().when(count("1", {})).then_nothing();
    given<scribe>(Note{}, Note{}).when(Note{}).then_rejected("full");
}

TEST_CASE("the state after a command can be looked at") {
    CHECK(given<counter>(opened(), incremented(3)).when(increment("1", 5)).state().value == 8);
    const auto refused = given<counter>(opened(), incremented(3)).when(decrement("1", 4));
    refused.then_rejected("below_zero");
    CHECK(refused.state().value == 3);
    CHECK(given<scribe>(Note{}).when(Note{}).state().notes == 2);
}

TEST_CASE("a field can be left out of what is compared and shown") {
    given<counter>(opened()).when(count("1", {5, -3})).ignoring("by").then(incremented(1), decremented(2));
    given<counter>().when(open("1", "label")).ignoring("label").then(opened("another"));
    // Types and numbers of events still count.
    CHECK(failure([] { given<counter>(opened()).when(count("1", {5, -3})).ignoring("by").then(incremented(5)); }) ==
          "testing.Count {counter: \"1\" steps: 5 steps: -3}\n"
          "  expected                actual\n"
          "  testing.Incremented     testing.Incremented\n"
          "                       |  testing.Decremented\n");
    CHECK_THROWS_AS(given<counter>(opened()).when(increment("1", 5)).ignoring("bye").then(incremented(5)),
                    stele::error);
}

TEST_CASE("outdated events are given as those of a store are read: upcast") {
    warehouse::ItemAdded first;
    first.set_item("lamp");
    first.set_pieces(3);
    Note look;
    look.set_title("1");
    const auto seen = given<shelf>(first, warehouse::added("lamp", 2), warehouse::LabelPrinted{}).when(look);
    CHECK(seen.state().amounts == std::map<std::string, std::int64_t>{{"lamp, pieces", 5}});
}

TEST_CASE("two events that differ are shown side by side") {
    CHECK(failure([] { given<counter>(opened()).when(count("1", {5, -3})).then(incremented(5), decremented(2)); }) ==
          "testing.Count {counter: \"1\" steps: 5 steps: -3}\n"
          "  expected                actual\n"
          "  testing.Incremented     testing.Incremented\n"
          "    by: 5                   by: 5\n"
          "  testing.Decremented     testing.Decremented\n"
          "    by: 2              |    by: 3\n");
}

TEST_CASE("the location of the call is named") {
    try {
        given<counter>(opened()).when(increment("1", 1)).then_nothing();
        FAIL("not thrown");
    } catch (const stele::scenario_failed& e) {
        CHECK(std::string{e.what()}.find("given_test.cpp:" + std::to_string(__LINE__ - 3) + ": ") != std::string::npos);
    }
}

TEST_CASE("too few and too many events, and none") {
    CHECK(failure([] { given<counter>(opened()).when(increment("1", 1)).then(incremented(1), incremented(2)); }) ==
          "testing.Increment {counter: \"1\" by: 1}\n"
          "  expected                actual\n"
          "  testing.Incremented     testing.Incremented\n"
          "    by: 1                   by: 1\n"
          "  testing.Incremented  |\n"
          "    by: 2              |\n");
    CHECK(failure([] { given<counter>(opened()).when(increment("1", 1)).then_nothing(); }) ==
          "testing.Increment {counter: \"1\" by: 1}\n"
          "  expected                actual\n"
          "  accepted, no events  |  testing.Incremented\n"
          "                       |    by: 1\n");
    CHECK(failure([] { given<counter>(opened()).when(increment("1", 0)).then(incremented(0)); }) ==
          "testing.Increment {counter: \"1\"}\n"
          "  expected                actual\n"
          "  testing.Incremented  |  accepted, no events\n");
}

TEST_CASE("an unexpected rejection, and a missing one") {
    CHECK(failure([] { given<counter>().when(increment("1", 1)).then(incremented(1)); }) ==
          "testing.Increment {counter: \"1\" by: 1}\n"
          "  expected                actual\n"
          "  testing.Incremented  |  rejected: not_open\n"
          "    by: 1              |    open the counter first\n");
    CHECK(failure([] { given<counter>().when(increment("1", 1)).then_nothing(); }).find("rejected: not_open") !=
          std::string::npos);
    CHECK(failure([] { given<counter>().when(increment("1", 1)).then_rejected("closed"); }) ==
          "testing.Increment {counter: \"1\" by: 1}\n"
          "  expected             actual\n"
          "  rejected: closed  |  rejected: not_open\n"
          "                    |    open the counter first\n");
    CHECK(failure([] { given<counter>(opened()).when(increment("1", 1)).then_rejected("closed"); }) ==
          "testing.Increment {counter: \"1\" by: 1}\n"
          "  expected             actual\n"
          "  rejected: closed  |  testing.Incremented\n"
          "                    |    by: 1\n");
    CHECK(failure([] { given<counter>().when(count("1", {})).then_rejected("closed"); }).find("accepted, no events") !=
          std::string::npos);
}

TEST_CASE("order counts, and an event of another type with equal fields is another event") {
    CHECK(failure([] { given<counter>().when(count("1", {1, -1})).then(decremented(1), incremented(1)); }) !=
          "nothing failed");
    CHECK(failure([] { given<counter>().when(count("1", {1})).then(decremented(1)); }) != "nothing failed");
}

TEST_CASE("a NaN field equals itself") {
    Note note;
    note.set_weight(std::numeric_limits<double>::quiet_NaN());
    given<scribe>().when(note).then(note);
    CHECK(failure([&] { given<scribe>().when(note).then(Note{}); }).find("weight: nan") != std::string::npos);
}

TEST_CASE("a command that no bus would take fails the test") {
    CHECK_THROWS_WITH_AS((void)given<counter>().when(open("")), doctest::Contains("testing.OpenCounter"), stele::error);
    CHECK_THROWS_AS((void)given<counter>().when(open("a\nb")), stele::error);
    CHECK_THROWS_AS((void)given<counter>().when(open(std::string(600, 'x'))), stele::error);
}

TEST_CASE("events pass through the codec: an event that cannot be stored fails the test") {
    CHECK_THROWS_AS((void)given<counter>(opened("\xff")).when(increment("1", 1)), stele::error);
    CHECK_THROWS_AS((void)given<counter>().when(open("1", "\xff")), stele::error);
}
