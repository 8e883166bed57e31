#include "support/projections.hpp"
#include "support/run_sql.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>
#include <stele/testing/given_projection.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::inline_projections;
using stele::position;
using stele::sqlite_store;

namespace {

const stele::sqlite_options quick{.durability = stele::durability::normal};

/// No two counters have the same label.
struct own_label {
    static constexpr auto name = "own_label";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened>;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE own_labels (label TEXT PRIMARY KEY)"); }
    static std::optional<stele::rejection> project(const CounterOpened& event, const stele::recorded_event&,
                                                   stele::read_model& db) {
        if (db.execute("INSERT OR IGNORE INTO own_labels VALUES (?1)", event.label()) == 0)
            return stele::reject("label_taken", "{} is taken", event.label());
        return std::nullopt;
    }
};

/// The same, and lets what is stored already be.
struct own_label_from_now_on : own_label {
    static constexpr int version = 2;
    static void project(const CounterOpened& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT OR IGNORE INTO own_labels VALUES (?1)", event.label());
    }
};

struct place {
    temp_dir directory;
    std::filesystem::path file = directory / "events.db";

    [[nodiscard]] sqlite_store open() const { return sqlite_store::open(file, quick); }
    [[nodiscard]] std::int64_t labels() const {
        auto db = stele::read_model::open_read_only(file);
        return std::get<0>(db.query_one<std::int64_t>("SELECT count(*) FROM own_labels").value());
    }
};

void put(stele::event_store& store, const std::string& counter, const google::protobuf::Message& event) {
    store.append(stele::stream_of<testing::counter>(counter), stele::expected_version::any(), stele::encode(event))
        .value();
}

}  // namespace

TEST_CASE("a rule of an inline projection is a rejection of the command") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<own_label>();
    stele::command_bus<counter> bus{store};
    REQUIRE(bus.send(open("a", "red")));

    const auto refused = bus.send(open("b", "red"));
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().rejection() != nullptr);
    CHECK(*refused.error().rejection() == stele::rejection{"label_taken", "red is taken"});
    CHECK(refused.error().attempts() == 1);
    CHECK(store.head() == position{1});
    CHECK(here.labels() == 1);

    // The bus still knows the aggregate as it is, and the store goes on.
    REQUIRE(bus.send(open("b", "blue")));
    REQUIRE(bus.send(increment("b", 3)));
    CHECK(here.labels() == 2);
    CHECK(applied.status().at(0).applied == 2);

    try {
        put(store, "c", opened("blue"));
        FAIL("appended");
    } catch (const stele::append_rejected& no) {
        CHECK(no.kind() == error_kind::rejected);
        CHECK(no.rejection().code == "label_taken");
        CHECK(std::string{no.what()} ==
              "nothing of the append is stored: the inline projection own_label rejects the event "
              "testing.CounterOpened for stream counter-c: blue is taken (label_taken)");
    }
}

TEST_CASE("a rejection by a rule is remembered like one by the aggregate") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<own_label>();
    stele::command_bus<counter> bus{store};
    REQUIRE(bus.send(open("a", "red")));
    for (const bool remember : {false, true}) {
        CAPTURE(remember);
        const auto name = remember ? std::string{"remembered"} : std::string{"asked again"};
        const stele::send_options once{.idempotency_key = stele::make_idempotency_key({}, name),
                                       .remember_rejection = remember};
        CHECK(bus.send(open(name, "red"), once).error().rejection()->code == "label_taken");
        applied.remove("own_label");
        const auto again = bus.send(open(name, "red"), once);
        CHECK(again.has_value() == !remember);
        if (remember) CHECK(again.error().attempts() == 0);
        if (!remember) REQUIRE(store.delete_stream(stele::stream_of<counter>(name)));
        applied.add(own_label{});
    }
}

TEST_CASE("of many that want the same, one is accepted and all others are rejected") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<own_label>();
    stele::command_bus<counter> bus{store};
    std::atomic<int> accepted = 0;
    std::atomic<int> rejected = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread)
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 20; ++i) {
                    const auto result = bus.send(open(std::to_string(thread * 100 + i), std::to_string(i)));
                    if (result) ++accepted;
                    if (!result && result.error().rejection() != nullptr) ++rejected;
                }
            });
    }
    CHECK(accepted == 20);
    CHECK(rejected == 140);
    CHECK(here.labels() == 20);
    CHECK(store.head() == position{20});
}

TEST_CASE("who has not added every inline projection of a store appends nothing to it") {
    const place here;
    auto store = here.open();
    auto other = here.open();
    put(other, "before", opened("before"));
    inline_projections{store}.add<own_label>();
    inline_projections{store}.add<totals>();

    const auto each_append = [&](stele::event_store& to,
                                 const std::function<void(const std::function<void()>&)>& check) {
        check([&] { put(to, "a", incremented(1)); });
        check([&] {
            to.append_async(stele::stream_id{"counter-a"}, stele::expected_version::any(), {stele::encode(opened("b"))})
                .get()
                .value();
        });
        check([&] { to.truncate_stream(stele::stream_id{"counter-before"}, {2}).value(); });
        check([&] { to.delete_stream(stele::stream_id{"counter-before"}).value(); });
    };
    const auto head = store.head();
    each_append(other, [](const std::function<void()>& append) {
        const auto refused = error_of(append);
        CHECK(refused.kind == error_kind::needs_projection);
        CHECK(refused.says("the inline projections own_label, totals, which this process has not added"));
    });
    CHECK(other.head() == head);
    // Documents are no events. What a program writes before it has added anything is welcome.
    const stele::document_write note{"note", "key", "value"};
    CHECK(other.append({}, std::span{&note, 1}));

    inline_projections later{other};
    later.add<own_label>();
    CHECK(error_of([&] { put(other, "a", incremented(1)); }).says("the inline projection totals, which"));
    later.add<totals>();
    put(other, "a", opened("a"));
    put(store, "a", incremented(1));
    auto reopened = here.open();
    CHECK(error_of([&] { put(reopened, "a", incremented(1)); }).kind == error_kind::needs_projection);
    inline_projections{reopened}.remove("totals");
    inline_projections{reopened}.remove("own_label");
    put(reopened, "a", incremented(1));
    each_append(reopened, [](const std::function<void()>& append) { append(); });
}

TEST_CASE("a stored event that breaks a rule leaves ways out") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<own_label>();
    put(store, "a", opened("red"));
    append_as_version_0_1(here.file, [&] {
        auto old = here.open();
        put(old, "b", opened("red"));
    });
    const auto stuck = error_of([&] { put(store, "c", opened("blue")); });
    CHECK(stuck.kind == error_kind::handler_failed);
    CHECK(
        stuck.says("rejects the event at position 2 (stream counter-b, type testing.CounterOpened), which is stored: "
                   "red is taken"));
    CHECK(stuck.says("inline_projections::remove(\"own_label\")"));
    auto reopened = here.open();
    inline_projections again{reopened};
    CHECK(error_of([&] { again.add<own_label>(); }).says("which is stored"));

    SUBCASE("remove it, where it was added") {
        applied.remove("own_label");
    }
    SUBCASE("remove it, where it was not") {
        again.remove("own_label");
        put(reopened, "c", opened("blue"));
        CHECK(reopened.head() == position{3});
        return;
    }
    SUBCASE("rebuild it as a version that takes the event") {
        applied.rebuild<own_label_from_now_on>();
        CHECK(here.labels() == 1);
    }
    put(store, "c", opened("blue"));
    CHECK(store.head() == position{3});
}

TEST_CASE("a scenario expects the rejection of a rule") {
    using stele::given_projection;
    using stele::recorded;
    const auto red = recorded(opened("red"), {.stream = "counter-1"});
    given_projection<own_label>(red).when(red).then_rejected("label_taken");
    given_projection<own_label>(red)
        .when(recorded(opened("blue"), {.stream = "counter-2"}))
        .then_rows("SELECT label FROM own_labels ORDER BY label", std::tuple{"blue"}, std::tuple{"red"})
        .then_same_when_rebuilt();
    const auto failure = [](const std::function<void()>& scenario) {
        try {
            scenario();
        } catch (const stele::scenario_failed& e) {
            return std::string{e.what()};
        }
        return std::string{"nothing failed"};
    };
    CHECK(failure([&] {
              given_projection<own_label>().when(red).then_rejected("label_taken");
          }).contains("not rejected"));
    CHECK(failure([&] {
              given_projection<own_label>(red).when(red).then_no_rows("SELECT * FROM own_labels");
          }).contains("the event was rejected: label_taken (red is taken)"));
}
