// What the handle of a store in a file does: its options, who owns it, and others beside it. Its files are tested in
// files/, what all stores do in contract/.

#include "support/errors.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <sqlite3.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

using stele::error_kind;
using stele::expected_version;
using stele::stream_id;
using testing::error_of;

TEST_CASE("a limit of 0 is refused by every store") {
    const temp_dir directory;
    for (const auto limit :
         {&stele::store_limits::event_bytes, &stele::store_limits::append_bytes, &stele::store_limits::append_events,
          &stele::store_limits::read_batch_events, &stele::store_limits::read_batch_bytes}) {
        stele::store_limits limits;
        limits.*limit = 0;
        CHECK(error_of([&] { stele::memory_store{limits}; }).kind == error_kind::invalid_argument);
        CHECK(error_of([&] { (void)stele::sqlite_store::open(directory / "a.db", {.limits = limits}); }).kind ==
              error_kind::invalid_argument);
    }
}

TEST_CASE(
    "a process that holds the write lock for the whole busy timeout makes an append busy, and it may be repeated") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = std::chrono::milliseconds{20}}});
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    const auto events = make_events(2);
    const auto fault = error_of([&] { (void)store.append(stream_id{"a-1"}, expected_version::no_stream(), events); });
    CHECK(fault.kind == error_kind::busy);
    CHECK(fault.says("events.db"));
    CHECK(store.head().value == 0);
    REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    CHECK(store.append(stream_id{"a-1"}, expected_version::no_stream(), events));
}

TEST_CASE("a moved store works under its new owner, and the old handle says that it was moved from") {
    const temp_dir directory;
    auto first = stele::sqlite_store::open(directory / "events.db");
    REQUIRE(first.append(stream_id{"a-1"}, expected_version::no_stream(), make_event()));
    std::map<std::string, stele::sqlite_store> stores;
    stores.emplace("tenant", std::move(first));
    auto& store = stores.at("tenant");
    CHECK(store.append(stream_id{"a-1"}, expected_version::exactly({1}), make_event())->version.value == 2);

    const auto closed = [](const auto& call) {
        const auto fault = error_of(call);
        CHECK(fault.says("was moved from"));
        return fault.kind == error_kind::closed;
    };
    auto& old = first;  // NOLINT(bugprone-use-after-move)
    CHECK(closed([&] { (void)old.head(); }));
    CHECK(closed([&] { (void)old.append(stream_id{"a-1"}, expected_version::any(), make_event()); }));
    CHECK(closed([&] {
        for (const auto& batch : old.read_all()) (void)batch;
    }));
    CHECK(closed([&] { old.compact(); }));

    old = stele::sqlite_store::open(directory / "other.db");
    CHECK(old.head().value == 0);
    old = std::move(store);
    CHECK(old.head().value == 2);
}

TEST_CASE("a VFS that does not exist is named when the store is opened") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        (void)stele::sqlite_store::open(file);
    }
    const auto fault = error_of([&] { (void)stele::sqlite_store::open(file, {.connection = {.vfs = "no-such-vfs"}}); });
    CHECK(fault.says(file.string()));
    CHECK(fault.says("no-such-vfs"));
}

TEST_CASE("two stores on one file see each other's events at once") {
    const temp_dir directory;
    auto one = stele::sqlite_store::open(directory / "events.db");
    auto two = stele::sqlite_store::open(directory / "events.db");
    const stream_id stream{"a-1"};
    for (int round = 0; round < 5; ++round) {
        REQUIRE(one.append(stream, expected_version::exactly(two.stream_version(stream)), make_events(1)));
        REQUIRE(two.append(stream, expected_version::exactly(one.stream_version(stream)), make_events(2)));
        const auto refused = one.append(stream, expected_version::no_stream(), make_events(1));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().actual == two.stream_version(stream));
    }
    CHECK(one.head().value == 15);
}
