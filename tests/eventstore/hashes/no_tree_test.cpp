// A store that was made without a hash tree does everything else, and says so where the tree is asked for.

#include "support/errors.hpp"
#include "support/stores.hpp"
#include "support/temp_dir.hpp"
#include "support/upgrade/format_1.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;

namespace {

const stele::sqlite_options without_tree{
    .durability = stele::durability::normal, .merge_events = 64, .hash_tree = false};

void fill(stele::event_store& store, int appends) {
    for (int i = 0; i < appends; ++i)
        CHECK(store.append(stream_id{"order", std::to_string(i % 7)}, expected_version::any(), make_events(5)));
}

void expect_no_tree(sqlite_store& store) {
    for (const auto& failure : {error_of([&] { static_cast<void>(store.root()); }),
                                error_of([&] { static_cast<void>(store.prove_inclusion({1}, {1})); }),
                                error_of([&] { static_cast<void>(store.prove_consistency({1}, {1})); })}) {
        CHECK(failure.kind == error_kind::invalid_argument);
        CHECK(failure.says("events.db: has no hash tree, because it was made with sqlite_options::hash_tree false"));
    }
    CHECK(store.verify().is_sound());
}

}  // namespace

TEST_CASE("a store without a hash tree stays one, whoever opens it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = sqlite_store::open(file, without_tree);
        fill(store, 120);
        expect_no_tree(store);
    }
    {
        auto store = sqlite_store::open(file);  // with a tree, if it were new
        fill(store, 120);
        CHECK(store.truncate_stream(stream_id{"order-1"}, {40}, expected_version::any()));
        CHECK(store.append(stream_id{"order-2"}, expected_version::exactly({1}), make_events(1)).error().actual.value >
              1);
        expect_no_tree(store);
        store.backup(directory / "copy.db");
    }
    auto store = sqlite_store::open_read_only(file);
    auto copy = sqlite_store::open(directory / "copy.db", without_tree);
    CHECK(store.head() == copy.head());
    CHECK(store.count_events({.compare_leaves = true}) == copy.count_events());
    CHECK(error_of([&] { static_cast<void>(copy.root()); }).says("has no hash tree"));
}

TEST_CASE("one with a hash tree keeps it, whoever opens it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    fill(*std::make_unique<sqlite_store>(sqlite_store::open(file)), 60);
    auto store = sqlite_store::open(file, without_tree);
    fill(store, 60);
    CHECK(store.root().size.value == 600);
    CHECK(store.verify().is_sound());
}

TEST_CASE("an upgrade makes a file without a hash tree if that is asked for") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        old_store_writer old(file);
        fill_old_store(old);
    }
    auto store = sqlite_store::open(file, without_tree);
    CHECK(store.head().value > 0);
    fill(store, 10);
    expect_no_tree(store);
}
