// An object that was moved from says so, whatever is called; it can be stopped, assigned to, and destroyed.

#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfers.hpp"

#include <stele/codec/schema.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/processes/process_runner.hpp>
#include <stele/projections/projection_runner.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace testing;

namespace {

/// Makes every call on an object that was moved from; each must throw and name the class.
template <class Object>
void expect_refused(const std::string& name, Object object, const std::vector<std::function<void(Object&)>>& calls) {
    CAPTURE(name);
    Object taken = std::move(object);
    for (const auto& call : calls) {
        // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
        const auto refused = error_of([&] { call(object); });
        CHECK(refused.kind == stele::error_kind::closed);
        CHECK(refused.message == "this " + name + " was moved from; use the one that it was moved to");
    }
    if constexpr (requires { object.stop(); }) object.stop();
    object = std::move(taken);  // and it is as good as new
}

// Those that could be left without what they need cannot be moved at all.
static_assert(!std::is_move_constructible_v<stele::memory_store>);
static_assert(!std::is_move_constructible_v<stele::evolver<counter>>);

}  // namespace

TEST_CASE("every movable object refuses to be used after it was moved") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    const auto stream = stele::stream_of<counter>("1");

    using bus_type = stele::command_bus<counter>;
    expect_refused<bus_type>(
        "command_bus", bus_type{store},
        {[](auto& bus) { (void)bus.send(open("1")); }, [](auto& bus) { (void)bus.dispatch("testing.OpenCounter", ""); },
         [](auto& bus) { (void)bus.decides(*Increment::descriptor()); },
         [](auto& bus) { (void)bus_type{bus}.send(open("1")); }});

    expect_refused<stele::subscription>(
        "subscription", stele::subscribe(store, {}, [](const auto&) {}),
        {[](auto& s) { (void)s.position(); }, [](auto& s) { (void)s.wait_for({}, 1ms); }, [](auto& s) { s.wait(); },
         [](auto& s) { (void)s.failure(); }});

    stele::command_bus<wallet, transfer> wallets{store};
    expect_refused<stele::process_runner>(
        "process_runner", stele::process_runner{store},
        {[&](auto& r) { r.template add<transfer_process>(wallets); }, [](auto& r) { r.catch_up(); },
         [](auto& r) { r.start(); }, [](auto& r) { (void)r.status(); },
         [](auto& r) { (void)r.template wait_for<transfer_process>({}, 1ms); },
         [](auto& r) { (void)r.template failure<transfer_process>(); }});

    expect_refused<stele::projection_runner>(
        "projection_runner", stele::projection_runner{store, directory / "read"},
        {[](auto& r) { r.template add<totals>(); }, [](auto& r) { r.catch_up(); }, [](auto& r) { r.start(); },
         [](auto& r) { (void)r.status(); }, [](auto& r) { (void)r.template rebuild<totals>(); },
         [](auto& r) { (void)r.template rollback<totals>(); }, [](auto& r) { (void)r.template discard<totals>(); },
         [](auto& r) { (void)r.template swap_in<totals>(); },
         [](auto& r) { (void)r.template wait_for<totals>({}, 1ms); },
         [](auto& r) { (void)r.template dead_letters<totals>(); },
         [](auto& r) { (void)r.template replay_dead_letters<totals>(); }});

    notebook book;
    expect_refused<stele::subscription_runner>(
        "subscription_runner", stele::subscription_runner{store},
        {[&](auto& r) { r.add(listener{book}); }, [](auto& r) { r.catch_up(); }, [](auto& r) { r.start(); },
         [](auto& r) { (void)r.status(); }, [](auto& r) { (void)r.template wait_for<listener>({}, 1ms); },
         [](auto& r) { (void)r.template dead_letters<listener>(); },
         [](auto& r) { (void)r.template replay_dead_letters<listener>(); },
         [](auto& r) { (void)r.template discard_dead_letter<listener>(stele::position{1}); },
         [](auto& r) { r.template reset<listener>({}); }, [](auto& r) { r.remove("listener"); }});

    expect_refused<stele::recorded_schemas>("recorded_schemas", stele::recorded_schemas{store},
                                            {[](auto& schemas) { (void)schemas.to_json(stele::recorded_event{}); }});

    expect_refused<stele::read_model>(
        "read_model", stele::read_model::in_memory(),
        {[](auto& db) { db.execute("CREATE TABLE t (a)"); }, [](auto& db) { (void)db.template query<int>("SELECT 1"); },
         [](auto& db) { (void)db.template query_one<int>("SELECT 1"); }, [](auto& db) { (void)db.checkpoint(); },
         [](auto& db) { (void)db.file(); }});

    expect_refused<stele::event_range>("event_range", store.read_all(), {[](auto& range) { (void)range.begin(); }});

    expect_refused<stele::sqlite_store>(
        "sqlite_store", stele::sqlite_store::open(directory / "other.db"),
        {[](auto& s) { (void)s.head(); },
         [&](auto& s) { (void)s.append(stream, stele::expected_version::any(), make_event()); },
         [](auto& s) {
             for (const auto& batch : s.read_all()) (void)batch;
         },
         [](auto& s) { s.compact(); }, [&](auto& s) { (void)s.stream_version(stream); },
         [](auto& s) { (void)s.limits(); }});
}

TEST_CASE("rows that were moved from are refused") {
    auto db = stele::read_model::in_memory();
    auto rows = db.query<int>("SELECT 1");
    auto taken = std::move(rows);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    const auto refused = error_of([&] { (void)rows.begin(); });
    CHECK(refused.kind == stele::error_kind::closed);
    CHECK(refused.message.find("moved from") != std::string::npos);
    int count = 0;
    for ([[maybe_unused]] const auto& row : taken) ++count;
    CHECK(count == 1);
}
