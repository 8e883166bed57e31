// Every number in a store's file, set to every kind of wrong value: an error or a right result, never a loop, never an
// overflow, and nothing that was acknowledged and is not there.

#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

using stele::direction;
using stele::error_kind;
using stele::expected_version;
using stele::stream_id;

namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t limit = std::int64_t{1} << 62;

// Most events are in the indices.
const stele::sqlite_options quick{.durability = stele::durability::normal, .merge_events = 100};

constexpr std::uint64_t events = 1200;  // in two blocks of positions

const stele::event_data repeated = make_event("test.Repeated");

void fill(stele::event_store& store) {
    for (const auto* const stream : {"a-1", "a-2", "b-1"}) {
        auto batch = make_events(events / 3 - 1);
        batch.push_back(make_event(std::string("test.") + stream));
        REQUIRE(store.append(stream_id{stream}, expected_version::any(), batch));
    }
    REQUIRE(store.append(stream_id{"c-1"}, expected_version::any(), repeated));
    REQUIRE(store.truncate_stream(stream_id{"b-1"}, {3}));
    const std::vector<stele::document_write> documents{{.kind = "note", .key = "k", .value = "v"}};
    REQUIRE(store.append({}, documents));
}

// Calls `work`; a fault must be one of the file, with advice about it.
template <class Work>
void allow_fault(const Work& work) {
    try {
        work();
    } catch (const stele::error& fault) {
        CAPTURE(fault.what());
        CHECK((fault.kind() == error_kind::corrupt || fault.kind() == error_kind::closed));
    }
}

void expect_order(stele::event_range read, direction order) {
    std::uint64_t count = 0;
    std::uint64_t last = order == direction::forward ? 0 : ~std::uint64_t{0};
    bool in_order = true;
    for (const auto& event : std::move(read).events()) {
        in_order =
            in_order && (order == direction::forward ? event.position.value > last : event.position.value < last);
        last = event.position.value;
        if (++count >= 2 * events) FAIL("the read goes on for ever");
    }
    CHECK(in_order);
}

void read_everything(stele::event_store& store) {
    const std::vector<stele::event_filter> filters{
        {},
        {.types = {"test.Happened"}},
        {.types = {"test.a-1", "test.b-1", "test.Repeated"}},
        {.categories = {"a"}},
        {.stream_prefixes = {"a-", "b-", "c"}, .types = {"test.Happened"}},
    };
    for (const auto order : {direction::forward, direction::backward}) {
        for (const auto& filter : filters) {
            allow_fault([&] { expect_order(store.read_all({.direction = order, .filter = filter}), order); });
            allow_fault([&] {
                expect_order(store.read_all({.after = {1}, .up_to = {limit}, .direction = order, .filter = filter}),
                             order);
            });
        }
        for (const auto* const stream : {"a-1", "b-1", "c-1"})
            allow_fault([&] {
                std::uint64_t count = 0;
                for (const auto& event : store.read_stream(stream_id{stream}, {.direction = order}).events())
                    if (event.version.value == 0 || ++count >= 2 * events) FAIL("the read goes on for ever");
            });
    }
    for (const auto time : {stele::timestamp::min(), stele::system_time(), stele::timestamp::max()})
        allow_fault([&] {
            const auto head = store.head();
            const auto found = store.position_at(time);
            CHECK(found <= head);
        });
    allow_fault([&] { (void)store.list_documents("note"); });
}

void expect_readable(stele::event_store& store, const stele::append_outcome& done, std::string_view stream) {
    if (!done) return;
    std::uint64_t found = 0;
    for (const auto& event : store.read_all({.after = {done->position.value - 1}, .up_to = done->position}).events()) {
        CHECK(event.stream == stream);
        CHECK(event.version == done->version);
        ++found;
    }
    CHECK(found == 1);
}

void write_everything(stele::event_store& store) {
    for (const auto* const stream : {"a-1", "b-1", "c-1", "new"}) {
        allow_fault([&] {
            expect_readable(store, store.append(stream_id{stream}, expected_version::any(), make_event()), stream);
        });
        allow_fault([&] { (void)store.append(stream_id{stream}, expected_version::stream_exists(), make_event()); });
    }
    allow_fault([&] { (void)store.append(stream_id{"c-1"}, expected_version::any(), repeated); });
    const std::vector<stele::document_write> documents{{.kind = "note", .key = "k", .value = "w"}};
    allow_fault([&] { (void)store.append({}, documents); });
    allow_fault([&] { (void)store.truncate_stream(stream_id{"a-1"}, {5}); });
    allow_fault([&] { (void)store.delete_stream(stream_id{"b-1"}); });
}

struct number {
    const char* table;
    const char* column;
    const char* row;
};

}  // namespace

TEST_CASE("a wrong number in a store's file") {
    const std::vector<number> numbers{
        {"streams", "id", "name = 'a-1'"},
        {"streams", "id", "name = 'c-1'"},
        {"streams", "removed_up_to", "name = 'b-1'"},
        {"streams", "removed_up_to", "name = 'c-1'"},
        {"streams", "state", "name = 'a-1'"},
        {"types", "id", "name = 'test.Happened'"},
        {"types", "id", "name = 'test.Repeated'"},
        {"events", "position", "position = 1"},
        {"events", "position", "position = (SELECT max(position) FROM events)"},
        {"events", "position", "type = (SELECT id FROM types WHERE name = 'test.Repeated')"},
        {"events", "stream", "position = 1"},
        {"events", "version", "position = 1"},
        {"events", "version", "position = 1000"},
        {"events", "version", "type = (SELECT id FROM types WHERE name = 'test.Repeated')"},
        {"events", "type", "position = 1"},
        {"events", "recorded_at", "position = 1"},
        {"events", "recorded_at", "position = (SELECT max(position) FROM events)"},
        {"events", "flags", "position = 1000"},
        {"stele_stream_runs", "stream", "version = 1"},
        {"stele_stream_runs", "version", "stream = 1 AND version = 1"},
        {"stele_merge", "id", "true"},
        {"stele_merge", "merged_up_to", "true"},
        {"stele_merge", "merging_up_to", "true"},
        {"stele_merge", "phase", "true"},
        {"type_blocks", "type", "block = 0 AND type = 1"},
        {"type_blocks", "block", "block = 0 AND type = 1"},
        {"documents", "position", "kind = 'note'"},
        {"documents", "written_at", "kind = 'note'"},
        {"sqlite_sequence", "seq", "name = 'events'"},
    };
    const temp_dir directory;
    const auto good = directory / "good.db";
    {
        auto store = stele::sqlite_store::open(good, quick);
        fill(store);
    }
    const auto bad = directory / "bad.db";
    for (const auto& [table, column, row] : numbers)
        for (const auto value : {least, std::int64_t{-1}, std::int64_t{0}, limit / 1024, limit, limit + 1, greatest}) {
            const auto change = fmt::format("UPDATE OR IGNORE {} SET {} = {} WHERE {}", table, column, value, row);
            CAPTURE(change);
            for (const auto* const suffix : {"", "-wal", "-shm", "-lock"})
                std::filesystem::remove(bad.string() + suffix);
            std::filesystem::copy_file(good, bad);
            run_sql(bad, change);
            allow_fault([&] {
                auto store = stele::sqlite_store::open(bad, quick);
                read_everything(store);
                write_everything(store);
            });
            allow_fault([&] {
                auto store = stele::sqlite_store::open(bad, quick);
                write_everything(store);
            });
        }
}

TEST_CASE("a wrong number is named, with its file and place") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
        REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event()));
    }
    run_sql(file,
            "UPDATE events SET position = 9223372036854775807;"
            "UPDATE sqlite_sequence SET seq = 9223372036854775807;"
            "INSERT INTO type_blocks SELECT type, (position - 1) / 1024 FROM events");
    auto store = stele::sqlite_store::open(file);
    CHECK_THROWS_WITH_AS((void)store.head(),
                         (file.string() + ": max(position) is 9223372036854775807, which is never written; the file is "
                                          "damaged; restore a backup, or rebuild it if it is a read model")
                             .c_str(),
                         stele::error);
}

TEST_CASE("format numbers and ids of applications that were never given") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    for (const auto* const pragma : {"user_version", "application_id"})
        for (const std::int64_t value : {-2147483648LL, -1LL, 0LL, 2147483647LL}) {
            std::filesystem::remove(file);
            {
                auto store = stele::sqlite_store::open(file);
                fill(store);
            }
            run_sql(file, fmt::format("PRAGMA {} = {}", pragma, value));
            CAPTURE(pragma);
            CAPTURE(value);
            CHECK_THROWS_AS((void)stele::sqlite_store::open(file), stele::error);
        }
}
