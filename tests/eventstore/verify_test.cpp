// What a file says twice is compared: each contradiction is found, and opening finds those that appends would make
// worse.

#include "support/errors.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>

#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
using stele::version;
using testing::error_of;

namespace {

// Most events are in the indices.
const stele::sqlite_options quick{.durability = stele::durability::normal, .merge_events = 100};

/// A closed store with several streams, types and documents, with removed events and with more than one block.
void fill(const std::filesystem::path& file) {
    auto store = sqlite_store::open(file, quick);
    for (int n = 0; n < 120; ++n) {
        auto events = make_events(12);
        events.back().type = "test.Ended";
        const stele::document_write note{"note", std::to_string(n), "text"};
        const stele::stream_write write{stream_id{"a", std::to_string(n % 9)}, expected_version::any(), events};
        REQUIRE(store.append(std::span(&write, 1), std::span(&note, 1)));
    }
    REQUIRE(store.truncate_stream(stream_id{"a-1"}, version{5}));
    REQUIRE(store.delete_stream(stream_id{"a-2"}));
    REQUIRE(store.tombstone_stream(stream_id{"a-3"}));
}

struct change {
    std::string sql;
    std::string says;  // what one of the findings contains, or the error when it is opened
};

// Each leaves a file that SQLite reads without complaint.
const std::vector<change> changes{
    {"DELETE FROM events WHERE position = 20", "stream a-1 has"},
    {"DELETE FROM events WHERE position = 100", "events with versions from"},
    {"DELETE FROM events WHERE stream = (SELECT id FROM streams WHERE name = 'a-7')", "the streams have"},
    {"UPDATE events SET version = version + 1000 WHERE position = 1200", "events with versions from"},
    {"UPDATE events SET stream = 77 WHERE position = 60", "1 events, the first at position 60, refer to stream 77"},
    {"UPDATE events SET type = 9 WHERE position = 60", "1 events, the first at position 60, refer to event type 9"},
    {"UPDATE events SET id = x'00' WHERE position = 60", "an id of 1 bytes"},
    {"UPDATE events SET id = zeroblob(16) WHERE position = 60", "the event at position 60 has an impossible value"},
    {"UPDATE events SET flags = flags | 32 WHERE position = 60", "flags 35"},
    {"UPDATE events SET flags = flags | 12 WHERE position = 60", "flags 15"},
    {"UPDATE events SET recorded_at = 1 WHERE position = 60", "the event at position 60 was recorded before"},
    {"UPDATE events SET recorded_at = recorded_at + 1 WHERE position > 20",
     "20 is said to be of one append with the next"},
    {"UPDATE events SET position = position - 5000 WHERE position = 60", "impossible value"},
    {"UPDATE streams SET removed_up_to = 3 WHERE name = 'a-1'", "everything up to 3 was removed"},
    {"UPDATE streams SET removed_up_to = removed_up_to + 1 WHERE name = 'a-2'", "the streams have"},
    {"UPDATE streams SET removed_up_to = -1 WHERE name = 'a-4'", "impossible state: 0, removed up to version -1"},
    {"UPDATE streams SET state = 3 WHERE name = 'a-4'", "stream a-4 has an impossible state: 3"},
    {"UPDATE streams SET state = 1 WHERE name = 'a-4'", "stream a-4 was deleted and has"},
    {"UPDATE streams SET name = 'a' || char(10) WHERE name = 'a-4'", "contains a control character"},
    {"UPDATE streams SET name = '-4' WHERE name = 'a-4'", "the category before the '-' is empty"},
    {"UPDATE types SET name = '' WHERE name = 'test.Ended'", "event type '': is empty"},
    {"DELETE FROM streams WHERE name = 'a-4'", "refer to stream"},
    {"DELETE FROM types WHERE name = 'test.Ended'", "refer to event type"},
    {"DELETE FROM type_blocks WHERE block = 0", "block 0 is not listed for event type 1"},
    {"UPDATE documents SET position = 100000 WHERE key = CAST('7' AS BLOB)", "after the last event"},
    {"UPDATE documents SET key = zeroblob(2000) WHERE key = CAST('7' AS BLOB)", "has a key of 2000 bytes"},
    {"UPDATE documents SET kind = '' WHERE key = CAST('7' AS BLOB)", "document kind '': is empty"},
    {"UPDATE events SET id = (SELECT id FROM events WHERE position = 61) WHERE position = 60", "have the same id"},
    {"UPDATE events SET id = x'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF' WHERE position = 60", "is not greater than all"},
    {"UPDATE events SET id = x'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF' WHERE position = 60", "greater than the greatest"},
    {"UPDATE events SET flags = flags & ~2 WHERE position = 60", "position 60 is not in the index of ids"},
    {"UPDATE events SET flags = flags & ~2 WHERE position = 1443", "position 1443 is greater than all before it, and"},
    {"UPDATE events SET tags = x'07' WHERE position = 60", "position 60 refers to tag 7, which is missing"},
    {"UPDATE events SET tags = x'07' WHERE position = 60", "position 60 is not in the index of its tag 7"},
    // The store has the tag 1 on none of its events; these give it to some, later, and not rightly.
    {"INSERT INTO stele_added_tags VALUES (5000, x'01')",
     "tags were added to the event at position 5000, which is not"},
    {"INSERT INTO stele_added_tags VALUES (60, x'07')",
     "tag 7, which is missing, was added to the event at position 60"},
    {"INSERT INTO stele_tags VALUES (1, 'a:1'); INSERT INTO stele_added_tags VALUES (60, x'01')",
     "tag 1 was added to the event at position 60, and is not listed there"},
    {"INSERT INTO stele_tags VALUES (1, 'a:1'); INSERT INTO stele_added_positions VALUES (1, 60)",
     "position 60 is listed as one to which tag 1 was added, and it was not"},
    {"UPDATE events SET tags = x'01' WHERE position = 60; INSERT INTO stele_added_tags VALUES (60, x'01')",
     "the event at position 60 has tag 1, and it was added again"},
    {"INSERT INTO stele_tagging VALUES ('a', 't.T', 0, 5000, 0)", "events of type t.T up to position 5000, of 1443"},
    {"DELETE FROM stele_stream_runs WHERE version = 5 OR stream = 5", "is not in the index of its stream"},
    {"UPDATE stele_stream_runs SET version = version + 2 WHERE stream = 5", "the event there is another one"},
    {"UPDATE stele_stream_runs SET positions = x'8080' WHERE stream = 5", "the tables cannot be read"},
    {"DELETE FROM stele_id_blocks", "is not in its block of ids"},
    {"UPDATE stele_merge SET greatest_id = zeroblob(16)", "is greater than the greatest one"},
    {"UPDATE stele_merge SET phase = 4", "the indices are said to reach up to"},
    {"UPDATE streams SET state = 0 WHERE name = 'a-3'", "stream a-3 is not closed for ever, and the records"},
    {"UPDATE streams SET state = 2 WHERE name = 'a-2'", "stream a-2 is closed for ever, and the records"},
    {"UPDATE streams SET name = 'b-3' WHERE name = 'a-3'", "stream b-3 is closed for ever, and the records"},
    {"INSERT INTO stele_store VALUES ('colour', x'00')", "the store says colour of itself"},
    {"INSERT INTO stele_store VALUES ('hash_tree', CAST('off' AS BLOB))", "no hash tree, and it has a part of one"},
    // Found when the file is opened, so that nothing is appended to it.
    {"DELETE FROM stele_merge", "how far its indices reach, is missing"},
    {"DELETE FROM stele_store", "the id of the store"},
    {"UPDATE stele_merge SET merging_up_to = 5000", "and soon to 5000"},
    {"DELETE FROM events WHERE position = (SELECT max(position) FROM events)", "but 1443 were appended"},
    {"DELETE FROM type_blocks", "the block of the last event"},
    {"DELETE FROM sqlite_sequence", "but 0 were appended"},
    {"UPDATE sqlite_sequence SET seq = seq + 1", "but 1444 were appended"},
    {"CREATE TRIGGER quiet BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END", "added the trigger quiet"},
    {"CREATE UNIQUE INDEX one ON events (type, recorded_at, stream, version)", "added the index one"},
    {"CREATE TRIGGER spy AFTER INSERT ON Documents BEGIN SELECT 1; END", "added the trigger spy"},
    {"ALTER TABLE documents ADD COLUMN more TEXT", "the definition of documents is not that of file format"},
};

/// As inline projections have them.
const char* const tables_of_inline =
    "CREATE TABLE stele_inline (name TEXT PRIMARY KEY, checkpoint INTEGER NOT NULL);"
    "CREATE TABLE stele_inline_tables (name TEXT PRIMARY KEY, projection TEXT NOT NULL);"
    "CREATE TABLE own (n); INSERT INTO stele_inline VALUES ('p', 5); INSERT INTO stele_inline_tables VALUES ('own', "
    "'p')";

/// Those that need such tables, or that opening finds in other words.
const std::vector<change> more_changes{
    {"UPDATE stele_inline SET checkpoint = 100000", "is at position 100000, after the last event"},
    {"UPDATE stele_inline SET checkpoint = -1", "is at position -1"},
    {"DROP TABLE own", "table own of inline projection p is missing"},
    {"UPDATE events SET flags = flags & ~1 WHERE position = (SELECT max(position) FROM events)", "does not close"},
    {"UPDATE events SET version = 1000 - version WHERE stream = (SELECT id FROM streams WHERE name = 'a-7')",
     "has a lower position than the version before it"},
};

/// What is found by opening the file and verifying it, one sentence a line; empty if nothing is.
std::string found_in(const std::filesystem::path& file) {
    std::string all;
    try {
        const auto store = sqlite_store::open(file, quick);
        const auto found = store.verify();
        for (const auto& each : found.damage) all += each + "\n";
        CHECK(found.is_sound() == all.empty());
    } catch (const stele::error& refused) {
        CHECK(refused.kind() == error_kind::corrupt);
        all += refused.what();
    }
    return all;
}

/// Position, stream, version and id of each event: what a digest is not needed for.
std::vector<std::string> places(const std::filesystem::path& file) {
    auto store = sqlite_store::open(file, quick);
    std::vector<std::string> all;
    for (const auto& event : store.read_all().events())
        all.push_back(
            fmt::format("{} {}@{} {}", event.position.value, event.stream, event.version.value, event.id.str()));
    return all;
}

}  // namespace

TEST_CASE("a whole file is sound") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        const auto empty = sqlite_store::open(file, quick).verify();
        CHECK(empty.is_sound());
    }
    fill(file);
    CHECK(found_in(file) == "");
    CHECK(error_of([&] { (void)sqlite_store::open(file, quick).verify({.most = 0}); }).kind ==
          error_kind::invalid_argument);

    std::stop_source stop;
    stop.request_stop();
    const auto stopped = sqlite_store::open(file, quick).verify({.stop = stop.get_token()});
    CHECK_FALSE(stopped.complete);
    CHECK_FALSE(stopped.is_sound());
}

TEST_CASE("each contradiction in a file is found") {
    const temp_dir directory;
    const auto whole = directory / "whole.db";
    fill(whole);
    for (const auto& [sql, says] : changes) {
        CAPTURE(sql);
        const auto file = directory / "changed.db";
        for (const auto* const part : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file.string() + part);
        std::filesystem::copy_file(whole, file);
        run_sql(file, sql);
        const auto found = found_in(file);
        CAPTURE(found);
        CHECK(found.contains(says));
    }
}

TEST_CASE("each check of the tables finds its damage, and none in a whole file") {
    const temp_dir directory;
    const auto whole = directory / "whole.db";
    fill(whole);
    run_sql(whole, tables_of_inline);
    std::vector<std::string> checks;
    for (const auto* const each : stele::detail::checks_of_tables()) checks.emplace_back(each);
    for (const auto* const each : stele::detail::checks_of_inline_tables()) checks.emplace_back(each);
    std::vector<int> found(checks.size());
    // What opening would refuse is given to the checks as well.
    const auto look = [&](const std::filesystem::path& file) {
        stele::detail::connection db{file, stele::detail::open_mode::create};
        stele::detail::prepare_checks(db);
        for (std::size_t i = 0; i < checks.size(); ++i) try {
                found[i] += db.prepare(checks[i]).step() ? 1 : 0;
            } catch (const stele::error&) {
                ++found[i];  // what it reads is damaged
            }
        return stele::detail::verify(db, {}).damage;
    };
    CHECK(look(whole).empty());
    CHECK(std::ranges::all_of(found, [](int n) { return n == 0; }));
    auto all = changes;
    all.insert(all.end(), more_changes.begin(), more_changes.end());
    for (const auto& each : all) {
        CAPTURE(each.sql);
        const auto file = directory / "changed.db";
        for (const auto* const part : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file.string() + part);
        std::filesystem::copy_file(whole, file);
        run_sql(file, each.sql);
        CHECK_FALSE(look(file).empty());
    }
    for (std::size_t i = 0; i < checks.size(); ++i) CHECK_MESSAGE(found[i] > 0, checks[i]);
}

TEST_CASE("findings are limited to as many as were asked for") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    fill(file);
    run_sql(file, "UPDATE events SET flags = flags | 64 WHERE position < 50");
    CHECK(sqlite_store::open(file, quick).verify({.most = 7}).damage.size() == 7);
}

TEST_CASE("any number of findings may be asked for") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    fill(file);
    for (const std::size_t most : {std::size_t{1}, std::size_t{1} << 31U, std::numeric_limits<std::size_t>::max()})
        CHECK(sqlite_store::open(file, quick).verify({.most = most}).is_sound());
}

TEST_CASE("a changed byte is told, or leaves every event in its place") {
    const temp_dir directory;
    const auto whole = directory / "whole.db";
    fill(whole);
    const auto before = places(whole);
    std::string bytes(std::filesystem::file_size(whole), '\0');
    std::ifstream(whole, std::ios::binary).read(bytes.data(), std::ssize(bytes));
    CHECK(rc::check("one byte", [&] {
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        const auto value = *rc::gen::arbitrary<char>();
        const temp_dir here;
        const auto file = here / "changed.db";
        {
            auto changed = bytes;
            changed[at] = value;
            std::ofstream(file, std::ios::binary).write(changed.data(), std::ssize(changed));
        }
        std::string told;
        std::vector<std::string> after;
        try {
            const auto store = sqlite_store::open(file, quick);
            for (const auto& each : store.verify().damage) told += each + "\n";
        } catch (const stele::error& refused) {
            told = refused.what();
        }
        if (told.empty()) after = places(file);
        RC_ASSERT(!told.empty() || after == before);
    }));
}
