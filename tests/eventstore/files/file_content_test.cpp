// What is in the file of a store: what is taken for a store, and what compacting and reading make of the rows.

#include "support/errors.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <fstream>
#include <iterator>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
    std::ifstream bytes(file, std::ios::binary);
    return {std::istreambuf_iterator<char>{bytes}, {}};
}

// Opens a file that must be refused; returns the error and checks that the file is unchanged.
caught refusal(const fs::path& file) {
    const auto before = content(file);
    const auto fault = error_of([&] { (void)sqlite_store::open(file); });
    INFO(fault.message);
    CHECK(fault.message.starts_with(file.string() + ": "));
    CHECK(content(file) == before);
    CHECK_FALSE(fs::exists(file.string() + "-wal"));
    return fault;
}

}  // namespace

TEST_CASE("a file that is not a store is refused by name and not changed") {
    const temp_dir directory;
    const auto file = directory / "some.db";

    SUBCASE("an SQLite file of another program") {
        run_sql(file, "CREATE TABLE notes (text)");
        const auto fault = refusal(file);
        CHECK(fault.kind == error_kind::foreign_file);
        CHECK(fault.says("is an SQLite file, but not an event store"));
    }
    SUBCASE("a file of a newer format") {
        {
            (void)sqlite_store::open(file);
        }
        run_sql(file, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
        const auto fault = refusal(file);
        CHECK(fault.kind == error_kind::newer_format);
        CHECK(fault.says("has file format 99, this library knows up to 2"));
    }
    SUBCASE("a text") {
        std::ofstream(file)
            << "Dear diary, today I have written more than a hundred bytes about nothing in particular, "
               "so that it looks like a file with something in it.";
        CHECK(refusal(file).kind == error_kind::foreign_file);
    }
}

TEST_CASE("an empty file becomes a store") {
    const temp_dir directory;
    {
        std::ofstream touch(directory / "empty.db");
    }
    auto store = sqlite_store::open(directory / "empty.db");
    CHECK(store.append(stream_id{"a-1"}, expected_version::no_stream(), make_events(1)));
}

TEST_CASE("compacting frees the space of removed events and changes nothing else") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = sqlite_store::open(file, {.durability = stele::durability::normal});
    const stream_id big{"big-1"};
    const stream_id small{"small-1"};
    for (int i = 0; i < 20; ++i)
        REQUIRE(
            store.append(big, expected_version::any(), std::vector{make_event("test.Big", std::string(200'000, 'x'))}));
    REQUIRE(store.append(small, expected_version::no_stream(), make_events(3)));
    REQUIRE(store.delete_stream(big));
    store.compact();
    CHECK(fs::file_size(file) < 200'000);
    CHECK(lines(store.read_stream(small)) == std::vector<std::string>{"21 small-1@1 test.Happened payload 0",
                                                                      "22 small-1@2 test.Happened payload 1",
                                                                      "23 small-1@3 test.Happened payload 2"});
    const auto next = store.append(small, expected_version::exactly(stele::version{3}), make_events(1));
    REQUIRE(next);
    CHECK(next->position.value == 25);
    const auto again = store.append(big, expected_version::no_stream(), make_events(1));
    REQUIRE(again);
    CHECK(again->version.value == 21);
}

TEST_CASE("streams beyond the name cache of a reader keep their own names") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const auto append = [](stele::event_store& store, const char* stream) {
        const std::vector events{stele::event_data{.type = "Noted"}};
        REQUIRE(store.append(stream_id{stream}, expected_version::any(), events));
    };
    {
        auto store = sqlite_store::open(file);
        append(store, "note-first");
    }
    // As if a million streams came between them: the number of the next one ends like that of the first.
    run_sql(file, "INSERT INTO streams (id, name) SELECT id - 1 + 1048576, 'note-between' FROM streams");
    auto store = sqlite_store::open(file);
    for (const char* stream : {"note-later", "note-first", "note-later", "note-first"}) append(store, stream);
    std::string streams;
    for (const auto& event : store.read_all().events()) streams += std::string{event.stream} + ' ';
    CHECK(streams == "note-first note-later note-first note-later note-first ");
}

TEST_CASE("an event missing in a stream is detected, and a removed one is not missing") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const stream_id orders{"order-1"};
    auto store = sqlite_store::open(file);
    for (int i = 0; i < 6; ++i)
        REQUIRE(store.append(orders, expected_version::any(), std::vector{make_event("test.Placed", "")}));
    REQUIRE(store.truncate_stream(orders, stele::version{3}));
    CHECK(lines(store.read_stream(orders)).size() == 4);
    CHECK(lines(store.read_stream(orders, {.direction = stele::direction::backward})).size() == 4);

    run_sql(file, "DELETE FROM events WHERE version = 4");
    for (const auto order : {stele::direction::forward, stele::direction::backward}) {
        const auto fault = error_of([&] { (void)lines(store.read_stream(orders, {.direction = order})); });
        CHECK(fault.kind == error_kind::corrupt);
        CHECK(fault.says(file.string() + ": the event at position "));
        CHECK(fault.says(order == stele::direction::forward ? "version 5 of order-1" : "version 3 of order-1"));
    }
    CHECK(lines(store.read_stream(orders, {.after = stele::version{4}})).size() == 2);
}

TEST_CASE("an event that the file does not take is not acknowledged") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = sqlite_store::open(file);
    const auto append = [&] { store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value(); };
    append();
    run_sql(file, "CREATE TRIGGER quiet BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END");
    const auto fault = error_of(append);
    CHECK(fault.kind == error_kind::corrupt);
    CHECK(fault.says(file.string() + ": the file has not taken an event that was inserted"));
    CHECK(error_of(append).kind == error_kind::closed);
    CHECK(store.head().value == 1);
}
