// Every byte of an event and of the tree is under a hash: whatever is changed is found, and its position named.

#include "eventstore/sqlite/hashes/verify_leaves.hpp"

#include "eventstore/hashes/hashed_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

using testing::hashed_file;

namespace {

// Runs `change`, and returns what is found then; it is undone.
std::vector<std::string> found_after(hashed_file& file, const std::string& change,
                                     stele::position up_to = stele::position::max()) {
    file.db().execute("SAVEPOINT before; " + change);
    auto found = file.damage({}, up_to);
    if (up_to < stele::position::max()) std::ranges::copy(file.damage({65'900}), std::back_inserter(found));
    file.db().execute("ROLLBACK TO before; RELEASE before");
    return found;
}

bool names(const std::vector<std::string>& found, std::uint64_t where) {
    const auto text = fmt::format("the event at position {} ", where);
    return std::ranges::any_of(found, [&](const auto& each) { return each.starts_with(text); });
}

// SQL that changes byte `byte` of a blob or text.
std::string with_byte(const std::string& column, std::size_t byte, const std::string& type) {
    return fmt::format(
        "CAST(substr(CAST({0} AS BLOB), 1, {1}) || CASE substr(CAST({0} AS BLOB), {1} + 1, 1) WHEN x'5A' "
        "THEN x'5B' ELSE x'5A' END || substr(CAST({0} AS BLOB), {1} + 2) AS {2})",
        column, byte, type);
}

}  // namespace

TEST_CASE("each byte of each event that is changed is found, and so is each number") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    file.close();
    REQUIRE(file.damage().empty());
    for (std::uint64_t where = 1; where <= 300; where += where < 12 || where > 290 ? 1 : 29) {
        const auto event = testing::event_at(where);
        const auto check = [&](const std::string& set) {
            const auto found = found_after(file, fmt::format("UPDATE events SET {} WHERE position = {}", set, where));
            CHECK_MESSAGE(found.size() == 1, set);
            CHECK_MESSAGE(names(found, where), set);
        };
        for (std::size_t i = 0; i < event.payload.size(); ++i) check("payload = " + with_byte("payload", i, "BLOB"));
        for (std::size_t i = 0; i < event.metadata.size(); ++i) check("metadata = " + with_byte("metadata", i, "BLOB"));
        for (std::size_t i = 0; i < 16; ++i) check("id = " + with_byte("id", i, "BLOB"));
        for (const auto* set :
             {"payload = CAST(payload || x'00' AS BLOB)", "id = x'00'", "version = version + 1", "version = -1",
              "recorded_at = recorded_at - 1", "flags = flags + 4", "flags = flags + 16", "flags = flags + 32",
              "stream = stream % 3 + 1", "stream = 99", "type = 3 - type", "type = 99"})
            check(set);
        check(testing::event_at(where).tags.empty() ? "tags = x'05'" : "tags = NULL");
        check("tags = x'FF'");
        check("tags = x'07'");
    }
}

TEST_CASE("a changed name is found at all its events") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    file.close();
    for (const auto& [table, id, used] : {std::tuple{"streams", 2, 100}, {"types", 1, 150}, {"stele_tags", 200, 73}}) {
        const auto name = std::string(table) + " SET name = " + with_byte("name", 3, "TEXT");
        const auto found = found_after(file, fmt::format("UPDATE {} WHERE id = {}", name, id));
        CHECK(found.size() == static_cast<std::size_t>(used));
        CHECK(found_after(file, fmt::format("DELETE FROM {} WHERE id = {}", table, id)).size() == found.size());
    }
}

TEST_CASE("each byte of the leaves that is changed is found at its event") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    file.close();
    for (std::size_t byte = 0; byte < 300 * 32; byte += 37) {
        const bool in_tile = byte < 256 * 32;
        // Another byte than the one that is there.
        const auto place = in_tile ? byte : byte - 256 * 32;
        const auto* table = in_tile ? "stele_hash_tiles" : "stele_open_leaves";
        const auto is_zero =
            file.db().integer(fmt::format("SELECT substr(hashes, {} + 1, 1) = x'00' FROM {}", place, table));
        const auto set = fmt::format(
            "UPDATE {0} SET hashes = CAST(substr(hashes, 1, {1}) || {2} || substr(hashes, {1} "
            "+ 2) AS BLOB)",
            table, place, is_zero ? "x'01'" : "x'00'");
        const auto found = found_after(file, set);
        CHECK(found.size() == 1);
        CHECK(names(found, byte / 32 + 1));
    }
}

TEST_CASE("tiles that are missing, too short, too many or not those of the level below are found") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.db().execute("PRAGMA synchronous = OFF");
    file.append_and_commit(66'000);
    file.close();
    REQUIRE(file.damage().empty());
    const auto says = [&](const std::string& change, const std::string& text) {
        const auto found = found_after(file, change, {1'000});
        const bool is_said = std::ranges::any_of(found, [&](const auto& each) { return each.contains(text); });
        CHECK_MESSAGE(is_said, (found.empty() ? change : found.front()));
    };
    says("DELETE FROM stele_hash_tiles WHERE tile = 3", "the leaves of the events from position 769 on cannot be read");
    says("DELETE FROM stele_hash_tiles WHERE tile = 3", "has 256 tiles of level 0");
    says("DELETE FROM stele_hash_tiles WHERE level = 1", "has 0 tiles of level 1");
    says("UPDATE stele_hash_tiles SET hashes = x'00' WHERE level = 1",
         "tile 0 of level 1 of the hash tree has 1 bytes");
    says("UPDATE stele_hash_tiles SET hashes = x'00' WHERE level = 0 AND tile = 2", "has 1 bytes instead of 8192");
    says("INSERT INTO stele_hash_tiles VALUES (1, 1, x'')", "has 2 tiles of level 1");
    says("INSERT INTO stele_hash_tiles VALUES (2, 0, x'')", "has 1 tiles of level 2");
    says("UPDATE stele_hash_tiles SET tile = 300 WHERE level = 0 AND tile = 256", "the last one with number 300");
    says("UPDATE stele_hash_tiles SET hashes = zeroblob(8192) WHERE level = 1", "tile 7 of level 0");
    says("INSERT INTO stele_open_leaves VALUES (65000, zeroblob(64))", "2 open leaves from position 65000 on");
    says("INSERT INTO stele_open_leaves VALUES (66000, zeroblob(64))", "2 open leaves from position 66000 on");
    says("INSERT INTO stele_open_leaves VALUES (65990, zeroblob(32))", "two leaves for position 65990");
}

TEST_CASE("only the range that is asked for is compared, and a report ends it") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(600);
    file.close();
    file.db().execute("UPDATE events SET payload = x'FF' WHERE position IN (10, 255, 256, 257, 400, 512, 513, 599)");
    const auto found = [&](std::uint64_t after, std::uint64_t up_to, std::size_t most) {
        std::vector<std::uint64_t> positions;
        const bool whole = stele::detail::verify_leaves(file.db(), {after}, {up_to}, [&](const std::string& what) {
            positions.push_back(std::stoull(what.substr(std::string("the event at position ").size())));
            return positions.size() < most;
        });
        CHECK(whole == (positions.size() < most));
        return positions;
    };
    using list = std::vector<std::uint64_t>;
    CHECK(found(0, 1000, 99) == list{10, 255, 256, 257, 400, 512, 513, 599});
    CHECK(found(10, 256, 99) == list{255, 256});
    CHECK(found(256, 257, 99) == list{257});
    CHECK(found(257, 399, 99).empty());
    CHECK(found(512, 600, 99) == list{513, 599});
    CHECK(found(0, 1000, 3) == list{10, 255, 256});
}

TEST_CASE("the last events of a file that was not closed have no leaf to be compared with, until it is opened again") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    CHECK(found_after(file, "UPDATE events SET payload = x'FF' WHERE position = 299").empty());
    CHECK(names(found_after(file, "UPDATE events SET payload = x'FF' WHERE position = 256"), 256));
    file.close();
    CHECK(names(found_after(file, "UPDATE events SET payload = x'FF' WHERE position = 299"), 299));
}
