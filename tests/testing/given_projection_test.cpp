#include "support/projections.hpp"

#include <stele/testing/given_projection.hpp>

#include <optional>
#include <tuple>

using namespace testing;
using stele::given_projection;
using stele::recorded;

namespace {

std::string failure(const std::function<void()>& expectation) {
    try {
        expectation();
    } catch (const stele::scenario_failed& e) {
        const std::string text = e.what();
        return text.substr(text.find(": ", text.find("given_projection_test.cpp:")) + 2);
    }
    return "nothing failed";
}

const auto opened_first = recorded(opened("first"), {.stream = "counter-1"});
const auto raised_first = recorded(incremented(5), {.stream = "counter-1"});
constexpr auto all_totals = "SELECT counter, label, value FROM totals ORDER BY counter";

/// Writes a different row each time.
struct unsteady {
    static constexpr auto name = "unsteady";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE calls (number INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model& db) {
        static int calls = 0;
        db.execute("INSERT INTO calls VALUES (?1)", ++calls);
    }
};

}  // namespace

TEST_CASE("expectations that are met") {
    given_projection<totals>(opened_first)
        .when(raised_first)
        .then_rows(all_totals, std::tuple{"1", "first", 5})
        .then_rows("SELECT NULL, 0.5 FROM totals", std::tuple{std::optional<int>{}, 0.5})
        .then_no_rows("SELECT counter FROM totals WHERE value > 5")
        .then_same_when_rebuilt();
    given_projection<totals>().when(NobodyKnows{}).then_no_rows(all_totals);
}

TEST_CASE("rows that differ are shown side by side") {
    CHECK(failure([] {
              given_projection<totals>(opened_first)
                  .when(raised_first)
                  .then_rows(all_totals, std::tuple{"1", "first", 6}, std::tuple{"2", "second", 0});
          }) ==
          "testing.Incremented {by: 5}\n"
          "  SELECT counter, label, value FROM totals ORDER BY counter\n"
          "  expected               actual\n"
          "  '1' | 'first' | 6   |  '1' | 'first' | 5\n"
          "  '2' | 'second' | 0  |\n");
    CHECK(failure([] {
              given_projection<totals>().when(opened_first).then_no_rows(all_totals);
          }).find("no rows   |  1 row") != std::string::npos);
}

TEST_CASE("values that print alike are different values") {
    const auto differs = [](std::string_view sql, const auto& row) {
        return failure([&] { given_projection<totals>().when(opened_first).then_rows(sql, row); }) != "nothing failed";
    };
    CHECK(differs("SELECT 'NULL'", std::tuple{std::optional<std::string>{}}));
    CHECK(differs("SELECT NULL", std::tuple{std::optional<std::string>{"NULL"}}));
    CHECK(differs("SELECT 'p | q', 'r'", std::tuple{"p", "q | r"}));
    CHECK(differs("SELECT '', 'a'", std::tuple{"a", ""}));
    CHECK(differs("SELECT 'it''s'", std::tuple{"it''s"}));
    CHECK_FALSE(differs("SELECT '', 'it''s', NULL", std::tuple{"", "it's", std::optional<int>{}}));
}

TEST_CASE("a projection whose rebuild gives other rows") {
    CHECK(failure([] {
              given_projection<unsteady>().when(raised_first).then_same_when_rebuilt();
          }).find("calls: 1  |  calls: 2") != std::string::npos);
}

namespace {

struct forgetting : totals {
    static constexpr auto name = "forgetting";
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, stele::stream_deleted>;
    using totals::project;
    static void project(const stele::stream_deleted& removed, const stele::recorded_event& at, stele::read_model& db) {
        CHECK(at.stream == "stele-streams");
        db.execute("DELETE FROM totals WHERE counter = ?1", stele::instance_id_of(removed.stream));
        if (!keeps_changes) db.execute("DELETE FROM changes WHERE counter = ?1", stele::instance_id_of(removed.stream));
    }
    static inline bool keeps_changes = false;
};

}  // namespace

TEST_CASE("a removal is given like an event, and a rebuild is without the events that it removed") {
    const auto scenario = [] {
        return given_projection<forgetting>(opened_first, raised_first, recorded(opened("b"), {.stream = "counter-2"}))
            .when(stele::stream_deleted{"counter-1"});
    };
    scenario().then_rows(all_totals, std::tuple{"2", "b", 0}).then_same_when_rebuilt();
    given_projection<forgetting>(stele::stream_deleted{"counter-1"})
        .when(opened_first)
        .then_rows(all_totals, std::tuple{"1", "first", 0});
    forgetting::keeps_changes = true;
    CHECK(failure([&] { scenario().then_same_when_rebuilt(); }).contains("stream counter-1 deleted"));
    forgetting::keeps_changes = false;
}

namespace {

struct of_counters : totals {
    static constexpr auto name = "of_counters";
    static constexpr auto categories = hana::make_tuple("counter");
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented, stele::stream_deleted>;
    using totals::project;
    static void project(const stele::stream_deleted&, const stele::recorded_event&, stele::read_model&) {}
};

}  // namespace

TEST_CASE("an expectation that fails says which events were passed over, and why") {
    const auto text = failure([] {
        given_projection<of_counters>(opened_first, recorded(NobodyKnows{}, {.stream = "counter-1"}),
                                      stele::stream_deleted{"given-1"})
            .when(incremented(5))
            .then_rows(all_totals, std::tuple{"1", "first", 5});
    });
    CHECK(
        text.contains("  passed over: testing.Incremented at position 4, since the stream given-1 is in none of the "
                      "`categories`"));
    CHECK(text.contains("  passed over: testing.NobodyKnows at position 2, which is not in `events`"));
    CHECK(text.contains("at position 3, since the stream given-1 is in none of the `categories`"));
    CHECK_FALSE(text.contains("CounterOpened at position 1"));
    CHECK_FALSE(failure([] {
                    given_projection<of_counters>().when(opened_first).then_no_rows(all_totals);
                }).contains("passed over"));
}
