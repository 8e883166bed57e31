// A store takes the time from the clock in its options.

#include "support/stores.hpp"

using stele::expected_version;
using stele::stream_id;
using stele::timestamp;

namespace {

timestamp at(int hour) {
    return timestamp{std::chrono::hours{hour}};
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
