#include "support/projections.hpp"
#include "support/stores.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

using namespace testing;
using stele::error_kind;
using stele::position;
using stele::projection_runner;

namespace {

// The progress in the file: "checkpoint seen = applied + ignored + dead-lettered".
std::string progress_of(const std::filesystem::path& file) {
    auto db = stele::read_model::open_read_only(file);
    const auto [checkpoint, seen, applied, ignored, dead] =
        db.query_one<int, int, int, int, int>(
              "SELECT checkpoint, seen, applied, ignored, dead_lettered FROM stele_projection")
            .value();
    const auto text = [](int n) { return std::to_string(n); };
    return text(checkpoint) + ": " + text(seen) + " = " + text(applied) + " + " + text(ignored) + " + " + text(dead);
}

// While it lives, projecting the event at position `at` fails.
struct fault_at {
    explicit fault_at(std::uint64_t at) {
        before_projecting = [at](const stele::recorded_event& event) {
            if (event.position.value == at) throw std::runtime_error("the disk of the mind is full");
        };
    }
    fault_at(const fault_at&) = delete;
    fault_at& operator=(const fault_at&) = delete;
    ~fault_at() { before_projecting = nullptr; }
};

// A handler that ends the transaction, and hides it.
struct rolls_back {
    static constexpr auto name = "rolls_back";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)"); }
    static void project(const CounterOpened&, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO t VALUES (1)");
    }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model& db) {
        try {
            db.execute("INSERT OR ROLLBACK INTO t VALUES (1)");
        } catch (const stele::error&) {
        }
    }
};

// Totals in another unit. The rates are a collaborator, and all handlers are members.
struct exchange_rates {
    int rate = 1;
    std::atomic<int> asked = 0;
};
struct converted_totals {
    static constexpr auto name = "converted";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    exchange_rates& rates;
    std::string table;

    void create(stele::read_model& db) const { db.execute("CREATE TABLE " + table + " (value INTEGER)"); }
    void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        ++rates.asked;
        if (event.by() == 13) throw std::runtime_error("no rate for it");
        db.execute("INSERT INTO converted VALUES (?1)", event.by() * rates.rate);
    }
    [[nodiscard]] std::string dead_letter_key(const stele::recorded_event&) const { return table; }
};

}  // namespace

TEST_CASE("a projection may be an object, with members and a collaborator") {
    stele::memory_store store;
    append(store, 1, incremented(2));
    append(store, 2, incremented(13));
    append(store, 3, incremented(4));
    const temp_dir directory;
    exchange_rates rates{.rate = 10};
    const auto rows = [&] {
        auto db = stele::read_model::open_read_only(directory / "converted.db");
        std::vector<int> values;
        for (auto [value] : db.query<int>("SELECT value FROM converted ORDER BY rowid")) values.push_back(value);
        return values;
    };
    projection_runner runner{store, directory.path};
    {
        const converted_totals given{rates, "converted"};
        runner.add(given);  // a copy, which the runner owns
    }
    runner.catch_up();
    CHECK(rows() == std::vector{20});
    // The batch was repeated to dead-letter the second event; the third is queued behind it.
    CHECK(rates.asked == 4);
    const auto letters = runner.dead_letters<converted_totals>();
    REQUIRE(letters.size() == 2);
    CHECK(letters[1].key == "converted");
    CHECK(letters[0].error == "no rate for it");

    rates.rate = 100;
    runner.rebuild<converted_totals>();
    CHECK(rows() == std::vector{200});
}

STORE_TEST_CASE(store, "a projection continues from its checkpoint to the head") {
    const temp_dir directory;
    {
        projection_runner runner{*store, directory.path};
        runner.add<totals>();
        runner.add<labels>();
        CHECK(runner.catch_up() == position{0});
        append(*store, 1, opened("one"));
        append(*store, 1, incremented(5));
        append(*store, 2, opened("two"));
        append(*store, 1, NobodyKnows{});
        append(*store, 1, decremented(2));
        CHECK(runner.catch_up() == position{5});
        CHECK(runner.catch_up() == position{5});
    }
    CHECK(rows_of_totals(directory.path) ==
          std::vector<std::string>{"1 'one' 3 2", "2 'two' 0 0", "1 1 5 @2", "2 1 -2 @5"});
    CHECK(progress_of(directory / "totals.db") == "5: 5 = 4 + 1 + 0");
    CHECK(progress_of(directory / "labels.db") == "5: 5 = 2 + 3 + 0");

    append(*store, 2, incremented(7));
    projection_runner runner{*store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    CHECK(rows_of_totals(directory.path).at(1) == "2 'two' 7 1");
    CHECK(progress_of(directory / "totals.db") == "6: 6 = 5 + 1 + 0");
    auto db = stele::read_model::open_read_only(directory / "totals.db");
    CHECK(db.checkpoint() == position{6});
    CHECK(db.file().filename() == "totals.1.db");
}

STORE_TEST_CASE(store, "batches of any size produce the same rows") {
    append_some(*store, 300);
    const auto expected = fresh_replay(*store);
    CHECK(expected.size() > 200);
    for (const std::size_t size : {1U, 2U, 3U, 7U, 100U, 299U, 300U, 301U, 100'000U}) {
        const temp_dir directory;
        projection_runner runner{*store, directory.path, {.batch_events = size}};
        runner.add<totals>();
        runner.catch_up();
        CHECK_MESSAGE(rows_of_totals(directory.path) == expected, size);
    }
    const temp_dir directory;
    CHECK(error_of([&] { projection_runner{*store, directory.path, {.batch_events = 0}}; }).says("batch_events"));
}

STORE_TEST_CASE(store, "a handler that throws rolls back its batch, and the error names the event") {
    append_some(*store, 100);
    append(*store, 1, incremented(3));  // position 101
    append_some(*store, 20, 2);
    const temp_dir directory;
    projection_runner runner{*store, directory.path, {.batch_events = 30}};
    runner.add<totals>();
    runner.add<labels>();
    {
        const fault_at fault{101};
        const auto failure = error_of([&] { runner.catch_up(); });
        CHECK(failure.kind == error_kind::handler_failed);
        CHECK(failure.says("projection totals (" + (directory / "totals.1.db").string() + ") failed at position 101"));
        CHECK(failure.says("stream counter-1"));
        CHECK(failure.says("type testing.Incremented): the disk of the mind is full"));
        CHECK(stele::read_model::open_read_only(directory / "totals.db").checkpoint() < position{101});
        CHECK(stele::read_model::open_read_only(directory / "labels.db").checkpoint() == position{121});
    }
    runner.catch_up();
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
}

TEST_CASE("a handler's own exception can be caught, and several failures are reported together") {
    stele::memory_store store;
    append(store, 1, opened());
    append(store, 1, opened());  // the second violates the primary keys of both projections
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    {
        const fault_at fault{1};
        try {
            runner.catch_up();
            FAIL("nothing was thrown");
        } catch (const stele::error& failure) {
            CHECK_THROWS_AS(std::rethrow_if_nested(failure), std::runtime_error);
        }
    }
    runner.add<labels>();
    const auto both = error_of([&] { runner.catch_up(); });
    CHECK(both.says("2 projections failed"));
    CHECK(both.says("projection totals"));
    CHECK(both.says("projection labels"));
    CHECK(both.says("UNIQUE constraint failed"));
}

TEST_CASE("an event whose payload is not its message stops the projection by name") {
    stele::memory_store store;
    append(store, 1, opened());
    const std::vector broken{stele::event_data{.type = "testing.Incremented", .payload = "\xFF\xFF"}};
    REQUIRE(store.append(stele::stream_id{"counter-1"}, stele::expected_version::any(), broken));
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<totals>();
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.kind == error_kind::undecodable);
    CHECK(failure.says("position 2"));
    CHECK(failure.says("counter-1"));
    CHECK(failure.says("testing.Incremented"));
}

TEST_CASE("a handler that ends the transaction is detected") {
    stele::memory_store store;
    append(store, 1, opened());
    append(store, 1, incremented(5));
    const temp_dir directory;
    projection_runner runner{store, directory.path};
    runner.add<rolls_back>();
    const auto failure = error_of([&] { runner.catch_up(); });
    CHECK(failure.says("position 2"));
    CHECK(failure.says("the runner's transaction has ended"));
    CHECK(progress_of(directory / "rolls_back.db") == "0: 0 = 0 + 0 + 0");
}

TEST_CASE("only one runner can use a directory, even across processes") {
    stele::memory_store store;
    const temp_dir directory;
    std::optional<projection_runner> first{std::in_place, store, directory.path};
    const auto refused = error_of([&] { projection_runner{store, directory.path}; });
    CHECK(refused.kind == error_kind::busy);
    CHECK(refused.says(directory.path.string() + ": another projection_runner"));

    const auto child_gets_busy = [&] {
        const auto child = ::fork();
        if (child == 0) {
            int result = 1;
            try {
                const projection_runner second{store, directory.path};
            } catch (const stele::error& failure) {
                result = failure.kind() == error_kind::busy ? 0 : 2;
            }
            ::_exit(result);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        return WEXITSTATUS(status) == 0;
    };
    CHECK(child_gets_busy());
    first.reset();
    CHECK(!child_gets_busy());
    projection_runner next{store, directory.path};
    next.add<totals>();
    CHECK(error_of([&] { next.add<totals>(); }).says("a projection with the name totals was added before"));
    CHECK(error_of([&] { next.rebuild("nobody"); }).says("there is no projection nobody; add it to this runner first"));
}
