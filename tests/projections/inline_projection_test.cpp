#include "faults/tools/settings.hpp"
#include "projections/inline_place.hpp"

#include <atomic>
#include <optional>
#include <thread>

using namespace testing;
using stele::error_kind;
using stele::inline_projections;
using stele::position;
using stele::projection_state;
using stele::read_model;
using stele::sqlite_store;

namespace {

// Another version of totals, which counts twice.
struct totals_v2 : totals {
    static constexpr int version = 2;
    using totals::project;
    static void project(const Incremented& event, const stele::recorded_event& at, read_model& db) {
        totals::project(event, at, db);
        db.execute("UPDATE totals SET value = value + ?2 WHERE counter = ?1", stele::instance_id_of(at.stream),
                   event.by());
    }
};

struct totals_again : totals {
    static constexpr auto name = "totals_again";
};

struct of_the_store : labels {
    static void create(read_model& db) { db.execute("CREATE TABLE IF NOT EXISTS Events (x)"); }
};

}  // namespace

TEST_CASE("an append and its changes to the tables are one transaction") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    CHECK(here.rows().empty());

    put(store, 1, opened("one"));
    CHECK(here.rows() == std::vector<std::string>{"1 'one' 0 0"});
    put(store, 1, NobodyKnows{});
    append_some(store, 200);
    CHECK(here.rows() == fresh_replay(store));

    const std::vector first{stele::encode(opened("eight")), stele::encode(incremented(8))};
    const std::vector second{stele::encode(opened("nine"))};
    const std::vector<stele::stream_write> writes{
        {stele::stream_id{"counter-8"}, stele::expected_version::no_stream(), first},
        {stele::stream_id{"counter-9"}, stele::expected_version::no_stream(), second}};
    REQUIRE(store.append(writes));
    const auto rows = here.rows();
    REQUIRE(store.append(writes)->front().repeated);
    CHECK(here.rows() == rows);
    REQUIRE(store
                .append_async(stele::stream_id{"counter-9"}, stele::expected_version::any(),
                              {stele::encode(incremented(9))})
                .get());
    const stele::document_write note{"note", "key", "value"};
    REQUIRE(store.append({}, std::span{&note, 1}));
    REQUIRE(store.delete_stream(stele::stream_id{"counter-8"}));
    CHECK(std::ranges::count(here.rows(), "9 'nine' 9 1") == 1);

    const auto status = applied.status().at(0);
    CHECK(status.state == projection_state::live);
    CHECK(status.checkpoint == store.head());
    CHECK(status.seen == store.head().value);
    CHECK(status.seen == status.applied + status.ignored);
    CHECK(here.read().checkpoint() == store.head());
}

TEST_CASE("inline projections stay with a store that is moved, and catch up through it") {
    const place here;
    auto first = std::make_unique<sqlite_store>(here.open());
    inline_projections{*first}.add<totals>();
    put(*first, 1, opened("one"));
    sqlite_store store = std::move(*first);
    first.reset();
    {
        auto other = here.open();
        append_as_version_0_1(here.file, [&] { put(other, 2, opened("two")); });
    }
    put(store, 3, opened("three"));
    CHECK(here.read().checkpoint() == position{3});
    CHECK(here.rows().size() == 3);
}

TEST_CASE("events appended without the projection are applied before the next ones") {
    const place here;
    {
        auto store = here.open();
        append_some(store, 50);
    }
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    CHECK(here.rows() == fresh_replay(store));

    auto other = here.open();
    append_as_version_0_1(here.file, [&] { append_some(other, 20, 2); });
    CHECK(here.read().checkpoint() == position{50});
    CHECK(applied.status().at(0).lag_events == 20);
    CHECK(applied.status().at(0).lag_time.count() > 0);
    CHECK(applied.status().at(0).state == projection_state::catching_up);
    put(store, 1, incremented(5));
    CHECK(here.read().checkpoint() == position{71});
    CHECK(here.rows() == fresh_replay(store));

    append_as_version_0_1(here.file, [&] { put(other, 993, opened("not for it")); });
    {
        const fault_in fault{"3"};
        for (int i = 0; i < 2; ++i)
            CHECK(error_of([&] { put(store, 1, incremented(5)); }).says("failed at position 72 (stream counter-993"));
        CHECK(store.head() == position{72});
        CHECK(here.read().checkpoint() == position{71});
    }
    put(store, 1, incremented(6));
    CHECK(here.rows() == fresh_replay(store));
    CHECK(inline_projections{other}.status().at(0).state == projection_state::stopped);
}

TEST_CASE("tables of another version are refused, and rebuilt when asked") {
    const place here;
    {
        auto store = here.open();
        inline_projections{store}.add<totals>();
        append_some(store, 60);
    }
    auto store = here.open();
    inline_projections applied{store};
    const auto before = here.rows();
    const auto refused = error_of([&] { applied.add<totals_v2>(); });
    CHECK(refused.kind == error_kind::needs_rebuild);
    CHECK(refused.says("were made by version 1, this program has version 2"));
    CHECK(refused.says("inline_projections::rebuild"));
    {
        const fault_in fault{"3"};
        CHECK(error_of([&] { applied.rebuild<totals_v2>(); }).says("(stream counter-3"));
    }
    CHECK(here.rows() == before);

    auto old_program = here.open();
    inline_projections applied_before{old_program};
    applied_before.add<totals>();
    auto reader = here.read();
    CHECK(rows_of_totals(reader) == before);
    applied.rebuild<totals_v2>();
    CHECK(rows_of_totals(reader) != before);
    CHECK(error_of([&] {
              put(old_program, 1, incremented(1));
          }).says("were made by version 2, this program has the older version 1"));
    put(store, 1, incremented(1));
    const auto rows = here.rows();
    applied.rebuild<totals_v2>();
    CHECK(here.rows() == rows);
    CHECK(error_of([&] { applied.add<totals_v2>(); }).says("was added before"));

    auto back = here.open();
    inline_projections{back, {.rebuild_changed = true}}.add<totals>();
    CHECK(here.rows() == fresh_replay(store));
}

TEST_CASE("tables of every kind are created, rebuilt and removed") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    applied.add<unique_labels>();
    put(store, 1, opened("red"));
    put(store, 2, opened("green"));
    // A rule over all streams.
    CHECK(error_of([&] { put(store, 3, opened("red")); }).says("UNIQUE constraint failed: counters.label"));
    put(store, 3, opened("blue"));
    const std::vector<std::string> expected{"1 red", "2 green", "3 blue"};
    CHECK(labels_in(here.read()) == expected);
    applied.rebuild<unique_labels>();
    CHECK(labels_in(here.read()) == expected);
    auto db = here.read();
    CHECK(db.query_one<std::string>("SELECT label FROM words WHERE words MATCH 'green'") == std::tuple{"green"});
    CHECK(db.query_one<std::string>("SELECT label FROM latest") == std::tuple{"blue"});

    applied.remove("unique_labels");
    CHECK(error_of([&] { labels_in(here.read()); }).says("no such table: counters"));
    put(store, 4, opened("red"));
    CHECK(error_of([&] { applied.remove("unique_labels"); }).says("no inline projection with the name unique_labels"));
    CHECK(error_of([&] { applied.add<unique_labels>(); }).says("failed at position 4"));
    CHECK(here.rows().size() == 4);

    auto other = here.open();
    inline_projections{other}.remove("totals");
    CHECK(error_of([&] {
              put(store, 1, incremented(1));
          }).says("its tables were removed while this process had them open"));
    CHECK(here.read().checkpoint() == position{0});
}

TEST_CASE("a projection can only change its own tables") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    CHECK(error_of([&] { applied.add<of_the_store>(); }).says("exists already and belongs to the event store"));
    CHECK(error_of([&] { static_cast<void>(here.read()); }).says("is an event store without inline projections"));
    applied.add<totals>();
    probe::action_type action;
    applied.add(probe{&action});
    CHECK(error_of([&] { applied.add<totals_again>(); }).says("belongs to inline projection totals"));

    for (const char* const sql :
         {"DELETE FROM events", "UPDATE streams SET state = 2", "INSERT INTO documents VALUES ('a', 'b', 1, 1, 'c')",
          "DELETE FROM sqlite_sequence", "UPDATE totals SET value = 0", "UPDATE stele_inline SET checkpoint = 0",
          "INSERT INTO probe SELECT position FROM events", "SELECT * FROM stele_inline", "DROP TABLE totals",
          "DROP TABLE probe", "ALTER TABLE totals ADD x", "CREATE TABLE more (x)", "CREATE TEMP TABLE more (x)",
          "CREATE INDEX more ON totals (value)", "PRAGMA journal_mode = DELETE", "COMMIT", "ATTACH ':memory:' AS m"}) {
        CAPTURE(sql);
        action = [&](read_model& db) { db.execute_script(sql); };
        const auto failure = error_of([&] { put(store, 1, opened("x")); });
        CHECK(failure.kind == error_kind::invalid_argument);
        CHECK(failure.says("inline projection probe"));
    }
    CHECK(store.head() == position{0});
    action = [&](read_model&) { put(store, 1, opened("x")); };
    CHECK(error_of([&] {
              put(store, 1, opened("x"));
          }).says("called by a handler of an inline projection, inside of an append"));
    action = [](read_model& db) { db.execute("INSERT INTO probe WITH one(x) AS (SELECT 7) SELECT count(*) FROM one"); };
    put(store, 1, opened("x"));
    CHECK(here.read().query_one<int>("SELECT x FROM probe") == std::tuple{1});
}

TEST_CASE("every thread reads its own writes") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    std::atomic<int> stale = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            auto db = here.read();
            const auto counter = std::to_string(thread);
            put(store, thread, opened("x"));
            for (std::int64_t i = 1; i <= 50; ++i) {
                put(store, thread, incremented(1));
                if (db.query_one<std::int64_t>("SELECT value FROM totals WHERE counter = ?1", counter) != std::tuple{i})
                    ++stale;
            }
        });
    threads.clear();
    CHECK(stale == 0);
}

TEST_CASE("after any operations in any order, the tables equal a fresh replay") {
    struct program {
        explicit program(const place& here) : store(here.open()), applied(store) { applied.add<totals>(); }
        sqlite_store store;
        inline_projections applied;
    };
    INFO("STELE_SEED=", run_seed());
    std::mt19937_64 random{run_seed()};
    const place here;
    auto without = here.open();
    std::optional<program> first;
    std::optional<program> second;
    first.emplace(here);
    second.emplace(here);
    const auto seed = [&] { return static_cast<unsigned>(random()); };
    for (int step = 0; step < 150; ++step) {
        auto& one = random() % 2 == 0 ? *first : *second;
        switch (random() % 9) {
            case 0:
                append_as_version_0_1(here.file,
                                      [&] { append_some(without, 1 + static_cast<int>(random() % 5), seed()); });
                break;
            case 1: one.applied.rebuild<totals>(); break;
            case 2: first.emplace(here); break;
            case 3: one.store.compact(); break;
            case 4: {
                const fault_in fault{"5"};
                for (int counter = 0; counter < 7; ++counter) try {
                        put(one.store, counter, incremented(1));
                    } catch (const stele::error&) {
                        continue;  // its own, or one that was appended without it
                    }
                break;
            }
            default: append_some(one.store, 1 + static_cast<int>(random() % 8), seed());
        }
    }
    put(first->store, 1, incremented(1));
    CHECK(here.rows() == fresh_replay(without));
    const auto status = first->applied.status().at(0);
    CHECK(status.seen == without.head().value);
    const auto copy = here.directory / "copy.db";
    first->store.backup(copy);
    auto db = read_model::open_read_only(copy);
    CHECK(rows_of_totals(db) == here.rows());
}
