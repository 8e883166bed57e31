// A store takes the time from the clock in its options.

#include "support/stores.hpp"

using stele::expected_version;
using stele::stream_id;
using stele::timestamp;

namespace {

timestamp at(int hour) {
    return timestamp{std::chrono::hours{hour}};
}

// A clock that stands before 1970, as that of a machine without a battery may.
void expect_early_times_of(stele::event_store& store, timestamp& now) {
    std::vector<timestamp> times;
    for (const int hour : {-500'000, -3, -5, 0, 2}) {
        now = at(hour);
        const std::vector<stele::document_write> documents{{.kind = "note", .key = "k"}};
        const auto events = make_events(1);
        const std::vector<stele::stream_write> writes{{stream_id{"a-1"}, expected_version::any(), events}};
        REQUIRE(store.append(writes, documents));
        CHECK(store.find_document("note", "k")->written_at == std::max(now, at(hour == -5 ? -3 : hour)));
    }
    for (const auto& event : store.read_all().events()) times.push_back(event.recorded_at);
    CHECK(times == std::vector{at(-500'000), at(-3), at(-3), at(0), at(2)});
    times.clear();
    for (const auto& event : store.read_stream(stream_id{"a-1"}).events()) times.push_back(event.recorded_at);
    CHECK(times == std::vector{at(-500'000), at(-3), at(-3), at(0), at(2)});
    CHECK(store.position_at(timestamp::min()).value == 0);
    CHECK(store.position_at(at(-500'000)).value == 1);
    CHECK(store.position_at(at(-4)).value == 1);
    CHECK(store.position_at(at(-1)).value == 3);
    CHECK(store.position_at(at(0)).value == 4);
}

// Appends while `now` is set forth and back.
void expect_times_of(stele::event_store& store, timestamp& now) {
    const auto append = [&](timestamp when) {
        now = when;
        const std::vector<stele::document_write> documents{{.kind = "note", .key = "k"}};
        const auto events = make_events(1);
        const std::vector<stele::stream_write> writes{{stream_id{"a-1"}, expected_version::any(), events}};
        REQUIRE(store.append(writes, documents));
    };
    std::vector<timestamp> times;
    append(at(9));
    CHECK(store.find_document("note", "k")->written_at == at(9));
    append(at(12));
    append(at(10));  // never earlier than the event before
    append(at(13));
    for (const auto& event : store.read_all().events()) times.push_back(event.recorded_at);
    CHECK(times == std::vector{at(9), at(12), at(12), at(13)});
    CHECK(store.position_at(at(11)).value == 1);
    CHECK(store.position_at(at(12)).value == 3);
}

}  // namespace

TEST_CASE("a store in memory") {
    timestamp now;
    stele::memory_store store{{}, [&now] { return now; }};
    expect_times_of(store, now);
}

TEST_CASE("a store in a file") {
    const temp_dir directory;
    timestamp now;
    auto store = stele::sqlite_store::open(directory / "events.db", {.now = [&now] { return now; }});
    expect_times_of(store, now);
}

TEST_CASE("a clock that fails fails one append, and the store goes on") {
    const temp_dir directory;
    bool fails = false;
    auto store = stele::sqlite_store::open(directory / "events.db", {.now = [&] {
                                               if (fails)
                                                   throw stele::error(stele::error_kind::io, "the clock is broken");
                                               return at(1);
                                           }});
    fails = true;
    CHECK_THROWS_WITH_AS((void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)),
                         "the clock is broken", stele::error);
    fails = false;
    CHECK(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
    CHECK(store.head().value == 1);
}

TEST_CASE("events are dated before 1970 if the clock is, in every store") {
    timestamp now;
    const auto clock = [&now] { return now; };
    SUBCASE("in memory") {
        stele::memory_store store{{}, clock};
        expect_early_times_of(store, now);
    }
    SUBCASE("in a file, which is opened again before 1970") {
        const temp_dir directory;
        const auto file = directory / "events.db";
        {
            auto store = stele::sqlite_store::open(file, {.now = clock});
            expect_early_times_of(store, now);
        }
        const auto early = directory / "early.db";
        for (const int hour : {-9, -7, -8}) {
            now = at(hour);
            auto store = stele::sqlite_store::open(early, {.now = clock});
            REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
        }
        std::vector<timestamp> times;
        auto store = stele::sqlite_store::open(early);
        for (const auto& event : store.read_all().events()) times.push_back(event.recorded_at);
        CHECK(times == std::vector{at(-9), at(-7), at(-7)});
        CHECK(store.verify().is_sound());
    }
}
