// Faults of inline projections: what fails with them, and what goes on.

#include "faults/tools/settings.hpp"
#include "projections/inline_place.hpp"

#include <sys/resource.h>

#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::inline_projections;
using stele::position;
using stele::projection_state;
using stele::read_model;
using stele::sqlite_store;

namespace {

/// The process writes no file beyond this size as long as this lives.
struct largest_file {
    explicit largest_file(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit now{bytes, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    largest_file(const largest_file&) = delete;
    largest_file& operator=(const largest_file&) = delete;
    ~largest_file() { ::setrlimit(RLIMIT_FSIZE, &before); }
    rlimit before{};
};

}  // namespace

TEST_CASE("an event that a projection rejects fails its append, and no other of the same commit") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<labels>();
    applied.add<totals>();
    put(store, 1, opened("one"));
    const fault_in fault{"3"};

    const auto failure = error_of([&] { put(store, 13, opened("bad")); });
    CHECK(failure.kind == error_kind::handler_failed);
    CHECK(failure.says("nothing of the append is stored: inline projection totals (" + here.file.string() +
                       ") failed at position 2 (stream counter-13, version 1, type testing.CounterOpened): not this"));
    CHECK(store.head() == position{1});

    // Each thread appends to its own stream, and now and then something that fails, all in shared commits.
    constexpr int rounds = 40;
    std::atomic<int> failed = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            const auto stream = stele::stream_id{"counter", std::to_string(100 + thread * 10)};
            for (int i = 0; i < rounds; ++i) {
                const std::vector good{i == 0 ? stele::encode(opened("x")) : stele::encode(incremented(i))};
                const std::vector bad{stele::encode(opened("y"))};
                const std::vector<stele::stream_write> both{
                    {stream, stele::expected_version::any(), good},
                    {stele::stream_id{stream.str() + "3"}, stele::expected_version::any(), bad}};
                try {
                    static_cast<void>(store.append(both));
                } catch (const stele::error&) {
                    ++failed;
                }
                const auto done =
                    store.append(stream, stele::expected_version::exactly({static_cast<unsigned>(i)}), good);
                if (!done || done->version.value != static_cast<unsigned>(i) + 1) failed = -1'000'000;
            }
        });
    threads.clear();
    CHECK(failed == 8 * rounds);
    CHECK(store.head() == position{1 + 8 * rounds});
    CHECK(here.rows() == fresh_replay(store));
    for (const auto& status : applied.status()) {
        CHECK(status.checkpoint == store.head());
        CHECK(status.seen == store.head().value);
        CHECK(status.applied + status.ignored == status.seen);
    }
    CHECK(applied.status().at(0).applied == 9);  // labels: events of failed appends do not count
}

TEST_CASE("a handler that ends the transaction fails only its own append") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    probe::action_type action;
    applied.add(probe{&action});
    action = [](read_model& db) {
        try {
            db.execute("INSERT INTO probe VALUES (1)");
            db.execute("INSERT OR ROLLBACK INTO probe VALUES (1)");
        } catch (const stele::error&) {
        }
    };
    put(store, 1, incremented(1));
    CHECK(error_of([&] { put(store, 2, opened("bad")); }).says("transaction has ended"));
    std::vector<std::jthread> threads;
    std::atomic<int> refused = 0;
    for (int thread = 0; thread < 6; ++thread)
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20; ++i) try {
                    put(store, thread, incremented(i));
                    put(store, thread, opened("bad"));
                } catch (const stele::error&) {
                    ++refused;
                }
        });
    threads.clear();
    CHECK(refused == 120);
    CHECK(store.head() == position{121});
    CHECK(here.rows() == fresh_replay(store));
}

TEST_CASE("an error of the disk that a handler throws by itself fails its append alone") {
    const place here;
    auto store = here.open();
    inline_projections applied{store};
    probe::action_type action;
    applied.add(probe{&action});
    for (const auto kind : {error_kind::full, error_kind::io, error_kind::corrupt, error_kind::busy}) {
        action = [&](read_model&) { throw stele::error{kind, "my other file", 5}; };
        CHECK(error_of([&] { put(store, 1, opened("x")); }).kind == kind);
        put(store, 1, incremented(1));
    }
    CHECK(store.head() == position{4});
}

TEST_CASE("after a disk fault in a handler, the store refuses writes until it is reopened") {
    const place here;
    {
        auto store = here.open();
        inline_projections applied{store};
        applied.add<totals>();
        probe::action_type action;
        applied.add(probe{&action});
        put(store, 1, incremented(1));
        // More than the cache of the connection holds, so that it is written before the commit.
        action = [](read_model& db) {
            db.execute(
                "INSERT INTO probe WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
                "SELECT i FROM n");
        };
        {
            const largest_file limit{1 << 20};
            CHECK(error_of([&] { put(store, 1, opened("x")); }).kind == error_kind::full);
        }
        CHECK(error_of([&] { put(store, 1, incremented(1)); }).kind == error_kind::closed);
        CHECK(error_of([&] { applied.rebuild<totals>(); }).kind == error_kind::closed);
    }
    auto store = here.open();
    inline_projections applied{store};
    applied.add<totals>();
    applied.remove("probe");
    put(store, 1, incremented(1));
    CHECK(here.rows() == fresh_replay(store));
}
