// What the handler of an inline projection may do to its store, while the append that it belongs to is being committed.

#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace testing;
using namespace std::chrono_literals;

namespace {

std::function<void()> in_handler;

struct ledger {
    static constexpr auto name = "ledger";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE ledger (n INTEGER)"); }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO ledger VALUES (?1)", event.by());
        if (in_handler) std::exchange(in_handler, nullptr)();
    }
};

const stele::stream_id one{"counter-1"};
const auto any = stele::expected_version::any();

std::vector<stele::event_data> an_event() {
    return {stele::encode(incremented(1))};
}

}  // namespace

TEST_CASE("what would wait for the append being committed is refused in its handler, the rest works") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    stele::inline_projections applied{store};
    applied.add<ledger>();
    const std::vector<std::pair<std::string, std::function<void()>>> refused{
        {"append", [&] { (void)store.append(one, any, an_event()); }},
        {"append_async", [&] { (void)store.append_async(one, any, an_event()); }},
        {"truncate_stream", [&] { (void)store.truncate_stream(one, {1}, any); }},
        {"delete_stream", [&] { (void)store.delete_stream(one, any); }},
        {"tombstone_stream", [&] { (void)store.tombstone_stream(one, any); }},
        {"compact", [&] { store.compact(); }},
        {"add", [&] { applied.add<totals>(); }},
        {"rebuild", [&] { applied.rebuild<ledger>(); }},
        {"remove", [&] { applied.remove("ledger"); }},
        {"status", [&] { (void)applied.status(); }},
    };
    const std::vector<std::pair<std::string, std::function<void()>>> harmless{
        {"read_all", [&] { lines(store.read_all()); }},
        {"head", [&] { (void)store.head(); }},
        {"wait_for_append", [&] { (void)store.wait_for_append({}, 1ms, {}); }},
        {"backup", [&] { store.backup(directory / stele::uuid::v7().str()); }},
    };
    for (const auto* const table : {&refused, &harmless}) {
        for (const auto& [name, call] : *table) {
            CAPTURE(name);
            std::string told;
            in_handler = [&, &made = call] {
                try {
                    made();
                } catch (const stele::error& fault) {
                    CHECK(fault.kind() == stele::error_kind::invalid_argument);
                    told = fault.what();
                }
            };
            const auto before = store.head();
            CHECK(store.append(one, any, an_event()));
            CHECK(told.empty() == (table == &harmless));
            CHECK(store.head() == before.next());
        }
    }
}

TEST_CASE("a thread that appends while a handler waits for it gets `busy`, and nothing hangs") {
    const auto is_told = [](auto busy_timeout) {
        const temp_dir directory;
        auto store = stele::sqlite_store::open(directory / "events.db", {.connection = {.busy_timeout = busy_timeout}});
        stele::inline_projections{store}.add<ledger>();
        std::string told;
        in_handler = [&] {
            std::jthread{[&] {
                try {
                    (void)store.append(one, any, an_event());
                } catch (const stele::error& fault) {
                    CHECK(fault.kind() == stele::error_kind::busy);
                    told = fault.what();
                }
            }}.join();
        };
        CHECK(store.append(one, any, an_event()));
        CHECK(told.find("waits for itself") != told.npos);
        CHECK(store.head().value == 1);
        CHECK(store.append(one, any, an_event()));
    };
    is_told(50ms);
    is_told(1ns);
    is_told(0s);
    is_told(-1s);
    is_told(std::chrono::hours::min());
}

TEST_CASE("a stele::error that a handler throws does not close the store, whenever it runs") {
    using stele::error_kind;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    auto other = stele::sqlite_store::open(directory / "events.db");  // as another process
    stele::inline_projections applied{store};
    for (const auto kind : {error_kind::io, error_kind::full, error_kind::corrupt}) {
        CAPTURE(to_string(kind));
        const auto fail = [kind] { throw stele::error{kind, "of the handler", 10}; };
        // In add() and rebuild(), which apply what is stored.
        REQUIRE(store.append(one, any, an_event()));
        in_handler = fail;
        CHECK_THROWS_AS(applied.rebuild<ledger>(), stele::error);
        applied.rebuild<ledger>();
        // In the append.
        in_handler = fail;
        CHECK_THROWS_AS((void)store.append(one, any, an_event()), stele::error);
        CHECK(store.append(one, any, an_event()));
        // In the next append, which applies what another process has appended.
        append_as_version_0_1(directory / "events.db", [&] { REQUIRE(other.append(one, any, an_event())); });
        in_handler = fail;
        CHECK_THROWS_AS((void)store.append(one, any, an_event()), stele::error);
        CHECK(store.append(one, any, an_event()));
    }
}
