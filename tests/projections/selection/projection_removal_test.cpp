// Projections that hear of removals: in every kind, in order, of the streams that concern them, and again in a replay
// in which the events are gone.

#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/fold.hpp>
#include <stele/projections/memory/memory_projection.hpp>

#include <rapidcheck.h>

#include <set>
#include <utility>

using namespace testing;
using stele::expected_version;
using stele::projection_runner;
using stele::stream_id;

namespace {

using row = std::pair<std::string, std::int64_t>;  // stream and version
using rows_type = std::set<row>;

/// The events of each stream as rows, without those that were removed.
struct kept {
    static constexpr auto name = "kept";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted, stele::stream_truncated>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE kept (stream TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (stream, version))");
    }
    static void project(const Incremented&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO kept VALUES (?1, ?2)", at.stream, at.version);
    }
    static void project(const stele::stream_deleted& removed, const stele::recorded_event& at, stele::read_model& db) {
        if (before_projecting) before_projecting(at);
        db.execute("DELETE FROM kept WHERE stream = ?1", removed.stream);
    }
    static void project(const stele::stream_truncated& removed, const stele::recorded_event&, stele::read_model& db) {
        db.execute("DELETE FROM kept WHERE stream = ?1 AND version < ?2", removed.stream, removed.before);
    }
};

/// The same of the category "counter" alone.
struct kept_counters : kept {
    static constexpr auto name = "kept_counters";
    static constexpr auto categories = hana::make_tuple("counter");
};

/// The same in memory.
struct kept_in_memory {
    static constexpr auto name = "kept_in_memory";
    static constexpr int version = 1;
    static constexpr auto events = kept::events;

    rows_type rows = {};

    void project(const Incremented&, const stele::recorded_event& at) {
        rows.emplace(at.stream, static_cast<std::int64_t>(at.version.value));
    }
    void project(const stele::stream_deleted& removed, const stele::recorded_event&) {
        std::erase_if(rows, [&](const row& each) { return each.first == removed.stream; });
    }
    void project(const stele::stream_truncated& removed, const stele::recorded_event&) {
        std::erase_if(rows, [&](const row& each) {
            return each.first == removed.stream && std::cmp_less(each.second, removed.before.value);
        });
    }
};

rows_type rows_of(const std::filesystem::path& file, const std::string& table = "kept") {
    auto db = stele::read_model::open_read_only(file);
    rows_type all;
    for (auto [stream, version] : db.query<std::string, std::int64_t>("SELECT stream, version FROM " + table))
        all.emplace(stream, version);
    return all;
}

rows_type rows_in(stele::event_store& store, std::string_view category = {}) {
    rows_type all;
    for (const auto& event : store.read_all().events())
        if (!stele::is_system_event(event) && (category.empty() || stele::category_of(event.stream) == category))
            all.emplace(event.stream, static_cast<std::int64_t>(event.version.value));
    return all;
}

/// Appends to, truncates, deletes or closes a random stream.
void change(stele::event_store& store) {
    const stream_id stream{*rc::gen::element<std::string>("counter-1", "counter-2", "other-1", "stock")};
    switch (*rc::gen::inRange(0, 6)) {
        case 0: (void)store.delete_stream(stream); break;
        case 1: {
            const auto last = store.stream_version(stream).value;
            (void)store.truncate_stream(stream, {*rc::gen::inRange<std::uint64_t>(0, last + 2)});
            break;
        }
        case 2:
            if (*rc::gen::inRange(0, 4) == 0) (void)store.tombstone_stream(stream);
            break;
        default:
            if (!store.append(stream, expected_version::stream_exists(), stele::encode(incremented(1))))
                (void)store.append(stream, expected_version::no_stream(), stele::encode(incremented(1)));
    }
}

void put(stele::event_store& store, const std::string& stream) {
    REQUIRE(store.append(stream_id{stream}, expected_version::any(), stele::encode(incremented(1))));
}

/// What happened, a word for each.
struct story {
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted>;
    std::string words = {};
    void project(const Incremented&, const stele::recorded_event& at) {
        words += "v" + std::to_string(at.version.value) + " ";
    }
    void project(const stele::stream_deleted& removed, const stele::recorded_event& at) {
        words += "-" + removed.stream + "@" + std::to_string(at.position.value) + " ";
    }
};

}  // namespace

TEST_CASE("after any appends and removals, every kind of projection has what the store has") {
    CHECK(rc::check("random histories", [] {
        const temp_dir directory;
        auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
        stele::inline_projections applied{store};
        applied.add<kept>();
        projection_runner runner{store, directory / "read", {.batch_events = *rc::gen::inRange<std::size_t>(1, 9)}};
        runner.add<kept>();
        runner.add<kept_counters>();
        runner.add<kept_in_memory>();
        for (int turns = *rc::gen::inRange(1, 4); turns > 0; --turns) {
            for (int changes = *rc::gen::inRange(0, 12); changes > 0; --changes) change(store);
            runner.catch_up();
            const auto expected = rows_in(store);
            RC_ASSERT(rows_of(directory / "events.db") == expected);
            RC_ASSERT(rows_of(directory / "read" / "kept.db") == expected);
            RC_ASSERT(rows_of(directory / "read" / "kept_counters.db") == rows_in(store, "counter"));
            RC_ASSERT(runner.query<kept_in_memory>([](const kept_in_memory& all) { return all.rows; }) == expected);
            RC_ASSERT(stele::fold<kept_in_memory>(store).rows == expected);
            RC_ASSERT(stele::fold<kept_in_memory>(store, {.filter = {.categories = {"other"}}}).rows ==
                      rows_in(store, "other"));
        }
        RC_ASSERT(runner.rebuild<kept>() == stele::rebuild_result::serving);  // the events are gone, the records come
        RC_ASSERT(rows_of(directory / "read" / "kept.db") == rows_in(store));
        applied.rebuild<kept>();
        RC_ASSERT(rows_of(directory / "events.db") == rows_in(store));
    }));
}

TEST_CASE("a removal stands between what was removed and what is appended later, in live delivery and in a replay") {
    stele::memory_store store;
    put(store, "counter-1");
    put(store, "counter-1");
    CHECK(stele::fold<story>(store).words == "v1 v2 ");
    REQUIRE(store.delete_stream(stream_id{"counter-1"}));
    REQUIRE(store.append(stream_id{"counter-1"}, expected_version::no_stream(), stele::encode(incremented(1))));
    CHECK(stele::fold<story>(store).words == "-counter-1@3 v3 ");
    CHECK(stele::fold<story>(store, {.filter = {.categories = {"counter"}}}).words == "-counter-1@3 v3 ");
    CHECK(stele::fold<story>(store, {.limit = 1, .filter = {.categories = {"counter"}}}).words == "-counter-1@3 ");
    CHECK(stele::fold<story>(store, {.filter = {.categories = {"other"}}}).words.empty());
}

TEST_CASE("a projection without a removal in its list hears of none, and reads none") {
    const temp_dir directory;
    stele::memory_store store;
    put(store, "counter-1");
    REQUIRE(store.delete_stream(stream_id{"counter-1"}));
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    CHECK(runner.status().front().applied == 0);
    const auto& table = stele::detail::event_table_of<totals, stele::detail::projection_binding<totals>>();
    CHECK_FALSE(table.takes_removals());
    CHECK(table.filter().types.size() == 3);
    CHECK(table.filter().categories.empty());
}

TEST_CASE("with categories, the store is asked for these streams and for the records of removals") {
    const auto filter =
        stele::detail::event_table_of<kept_counters, stele::detail::projection_binding<kept_counters>>().filter();
    CHECK(filter.categories == std::vector<std::string>{"counter", "stele"});
    CHECK(filter.types.size() == 4);
    CHECK(filter.passes("counter-1", "testing.Incremented"));
    CHECK_FALSE(filter.passes("other-1", "testing.Incremented"));
    CHECK(filter.passes("stele-streams", "stele.v1.StreamDeleted"));
}

TEST_CASE("an inline projection that cannot apply a removal fails it, and nothing is removed") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    stele::inline_projections applied{store};
    applied.add<kept>();
    put(store, "counter-1");
    before_projecting = [](const auto&) { throw std::runtime_error("must be kept"); };
    CHECK_THROWS_WITH_AS((void)store.delete_stream(stream_id{"counter-1"}), doctest::Contains("must be kept"),
                         stele::error);
    before_projecting = nullptr;
    CHECK(rows_in(store).size() == 1);
    CHECK(rows_of(directory / "events.db").size() == 1);
    REQUIRE(store.delete_stream(stream_id{"counter-1"}));
    CHECK(rows_of(directory / "events.db").empty());
}

namespace {

/// Tells another system which streams are gone.
struct announced : kept {
    static constexpr auto name = "announced";
    static constexpr auto categories = hana::make_tuple("counter");
    static constexpr auto effects = hana::tuple_t<stele::stream_deleted>;
    static inline std::string words;

    static void effect(const stele::stream_deleted& removed, const stele::recorded_event&) {
        words += removed.stream + " ";
    }
};

struct dead_lettering : kept {
    static constexpr auto name = "dead_lettering";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
};

}  // namespace

TEST_CASE("a removal may have an effect, of the categories of its projection") {
    const temp_dir directory;
    stele::memory_store store;
    projection_runner runner{store, directory.path};
    runner.add<announced>();
    put(store, "counter-1");
    put(store, "other-1");
    REQUIRE(store.delete_stream(stream_id{"other-1"}));
    REQUIRE(store.delete_stream(stream_id{"counter-1"}));
    runner.catch_up();
    CHECK(announced::words == "counter-1 ");
}

TEST_CASE("a removal queues behind a dead letter of the stream that was removed, and of no other") {
    const temp_dir directory;
    stele::memory_store store;
    projection_runner runner{store, directory.path};
    runner.add<dead_lettering>();
    put(store, "counter-1");
    put(store, "counter-2");
    runner.catch_up();
    REQUIRE(store.delete_stream(stream_id{"counter-1"}));
    before_projecting = [](const auto&) { throw std::runtime_error("not now"); };
    runner.catch_up();
    before_projecting = nullptr;
    put(store, "counter-2");
    REQUIRE(store.delete_stream(stream_id{"counter-2"}));
    runner.catch_up();
    const auto letters = runner.dead_letters<dead_lettering>();
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].key == "counter-1");
    CHECK(rows_of(directory / "dead_lettering.db") == rows_type{{"counter-1", 1}});
    CHECK(runner.replay_dead_letters<dead_lettering>().applied == 1);
    CHECK(rows_of(directory / "dead_lettering.db").empty());
}
