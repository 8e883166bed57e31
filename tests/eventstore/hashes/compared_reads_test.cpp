// Reads of every kind compare events with their leaves if they are asked to; backups and archives always.

#include "support/errors.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <fmt/format.h>

using stele::direction;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
using testing::error_of;
using testing::expect_changed_event;

namespace {

const stele::sqlite_options quick{.durability = stele::durability::normal};

// Event 7 n is in stream a-n % 3; one of ten is of another type, one of eleven has a tag, one of thirteen a
// correlation.
void append_some(stele::event_store& store, std::uint64_t first, std::uint64_t last) {
    for (auto where = first; where <= last; ++where) {
        auto event = make_event(where % 10 == 0 ? "test.Ended" : "test.Happened", fmt::format("payload {}", where));
        if (where % 11 == 0) event.tags = {"order:7"};
        if (where % 13 == 0) event.metadata = stele::encode(stele::metadata{.correlation_id = "request"});
        REQUIRE(store.append(stream_id{"a", std::to_string(where % 3)}, expected_version::any(), {&event, 1}));
    }
}

// A closed store of 600 events. The one at this position was changed: it has all that reads look for.
constexpr std::uint64_t changed = 10UL * 11 * 3;  // of stream a-0

struct changed_store {
    temp_dir directory;
    std::filesystem::path file = directory / "events.db";

    changed_store() {
        {
            auto store = sqlite_store::open(file, quick);
            append_some(store, 1, 600);
        }
        run_sql(file, fmt::format("UPDATE events SET payload = x'00' WHERE position = {}", changed));
    }
};

std::size_t count(stele::event_range range) {
    std::size_t events = 0;
    for (const stele::event_batch& batch : std::move(range)) events += batch.size();
    return events;
}

}  // namespace

TEST_CASE("a read of any kind that compares names an event that was changed") {
    const changed_store place;
    for (const bool read_only : {false, true}) {
        auto store =
            read_only ? sqlite_store::open_read_only(place.file, quick) : sqlite_store::open(place.file, quick);
        for (const auto order : {direction::forward, direction::backward}) {
            const std::vector<stele::event_query> filters{{},
                                                          {.categories = {"a"}},
                                                          {.streams = {"a-0"}},
                                                          {.types = {"test.Ended"}},
                                                          {.streams = {"a-0"}, .types = {"test.Ended"}},
                                                          {.tags = {"order:7"}}};
            for (const auto& filter : filters) {
                stele::all_read_options all{.direction = order, .filter = filter};
                CHECK(count(store.read_all(all)) > 0);
                all.compare_leaves = true;
                expect_changed_event(changed, [&] { (void)count(store.read_all(all)); });
                expect_changed_event(changed, [&] { (void)store.count_events(all); });
                // Not among those that are read.
                all.up_to = {changed - 1};
                CHECK(count(store.read_all(all)) > 0);
                all.up_to = stele::position::max();
                all.after = {changed};
                CHECK(count(store.read_all(all)) > 0);
                all.after = {};
                all.filter.types = {"test.Happened"};
                CHECK_NOTHROW((void)count(store.read_all(all)));
            }
            for (const std::vector<std::string>& types : {std::vector<std::string>{}, {"test.Ended"}}) {
                stele::stream_read_options one{.direction = order, .types = types};
                CHECK(count(store.read_stream(stream_id{"a-0"}, one)) > 0);
                one.compare_leaves = true;
                expect_changed_event(changed, [&] { (void)count(store.read_stream(stream_id{"a-0"}, one)); });
                CHECK(count(store.read_stream(stream_id{"a-1"}, one)) > 0);
                one.as_of = {changed - 1};
                CHECK(count(store.read_stream(stream_id{"a-0"}, one)) > 0);
            }
        }
    }
}

TEST_CASE("a read that compares sees what is appended meanwhile, tile after tile") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto reads = sqlite_store::open(file, quick);
    for (std::uint64_t head = 0; head < 600; head += 50) {
        auto writes = sqlite_store::open(file, quick);
        append_some(writes, head + 1, head + 50);
        if (head == 300) REQUIRE(writes.truncate_stream(stream_id{"a-1"}, stele::version{90}));
        const auto events = count(reads.read_all({.compare_leaves = true}));
        CHECK(events == count(reads.read_all()));
        CHECK(events == head + 50 - (head < 300 ? 0 : 88));  // 89 were removed, and that is an event
    }
}

TEST_CASE("a backup of a store in which an event was changed is refused, unless it is wanted as it is") {
    const changed_store place;
    const auto copy = place.directory / "copy.db";
    for (const bool read_only : {false, true}) {
        auto store =
            read_only ? sqlite_store::open_read_only(place.file, quick) : sqlite_store::open(place.file, quick);
        const auto refused = error_of([&] { store.backup(copy); });
        CHECK(refused.kind == error_kind::corrupt);
        CHECK_MESSAGE(
            refused.message.starts_with(fmt::format("{}: the event at position {} is not the one that was appended",
                                                    place.file.string(), changed)),
            refused.message);
        CHECK(refused.says("set backup_options::compare_leaves to false"));
        CHECK_FALSE(std::filesystem::exists(copy));
        for (const auto& each : std::filesystem::directory_iterator(place.directory.path))
            CHECK_FALSE(each.path().string().ends_with(".partial"));
        store.backup(copy, {.compare_leaves = false});
        const auto found = sqlite_store::open_read_only(copy).verify();
        REQUIRE(found.damage.size() == 1);
        std::filesystem::remove(copy);
    }
}

TEST_CASE("a backup is refused if the tree or the file is damaged") {
    for (const auto& [change, says] :
         {std::pair{"DELETE FROM stele_hash_tiles WHERE tile = 0",
                    "the leaves of the events from position 1 on cannot"},
          {"UPDATE stele_hash_tiles SET level = 1 WHERE tile = 1", "the leaves of the events from position 257 on"},
          {"INSERT INTO stele_hash_tiles VALUES (1, 0, zeroblob(8192))", "1 tiles of level 1"}}) {
        const changed_store place;
        run_sql(place.file,
                fmt::format("UPDATE events SET payload = CAST('payload {0}' AS BLOB) WHERE position = {0}", changed));
        run_sql(place.file, change);
        auto store = sqlite_store::open_read_only(place.file, quick);
        const auto refused = error_of([&] { store.backup(place.directory / "copy.db"); });
        CHECK(refused.kind == error_kind::corrupt);
        CHECK_MESSAGE(refused.says(says), refused.message);
    }
}

TEST_CASE("an event that was changed is not archived, and nothing of its round is removed") {
    const changed_store place;
    auto store = sqlite_store::open(place.file, quick);
    const auto archive = place.directory / "a.archive";
    const std::vector<stele::retention_policy> policies{{.category = "a", .keep_events = 1}};
    expect_changed_event(changed, [&] { (void)stele::apply_retention(store, policies, {.archive = archive}); });
    CHECK(count(store.read_all()) == 600);
    for (const auto& event : stele::read_archive(archive).events()) CHECK(event.position.value != changed);
    // Without an archive nothing carries it on.
    CHECK(stele::apply_retention(store, policies).events_removed == 597);
}
