// Whoever reads events can be sure that they are those that were appended.

#include "eventstore/sqlite/hashes/leaf_check.hpp"

#include "eventstore/hashes/hashed_file.hpp"
#include "support/errors.hpp"

#include <doctest/doctest.h>

using stele::detail::leaf_check;
using testing::error_of;
using testing::hashed_file;

TEST_CASE("events that were appended pass, in any order, and others are named") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(600);
    file.close();
    leaf_check check(file.db());
    for (const std::uint64_t where : {1U, 2U, 600U, 256U, 257U, 513U, 512U, 3U}) {
        const auto event = testing::event_at(where);
        CHECK_NOTHROW(check.expect(event.view()));
        auto other = event;
        other.payload += 'x';
        const auto refused = error_of([&] { check.expect(other.view()); });
        CHECK(refused.kind == stele::error_kind::corrupt);
        CHECK(refused.says("the event at position " + std::to_string(where) + " is not the one that was appended"));
    }
    auto untagged = testing::event_at(12);
    untagged.tags = {};
    CHECK(error_of([&] { check.expect(untagged.view()); }).says("position 12 is not"));
}

TEST_CASE("without a leaf there is nothing to compare with, but a tile that is missing is damage") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    leaf_check check(file.db());
    const auto never_appended = testing::event_at(299, 7);
    CHECK_NOTHROW(check.expect(never_appended.view()));
    file.db().execute("DELETE FROM stele_hash_tiles");
    const auto first = testing::event_at(1);
    CHECK(error_of([&] { check.expect(first.view()); }).says("tile 0 of level 0 of the hash tree is missing"));
}

TEST_CASE("in each transaction there are the leaves of that transaction") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    leaf_check check(file.db());
    const auto other = testing::event_at(299, 7);
    CHECK_NOTHROW(check.expect(other.view()));
    file.close();  // writes the leaf
    check.begin();
    CHECK(error_of([&] { check.expect(other.view()); }).says("position 299 is not"));
    file.append_and_commit(300);  // and fills the tile
    check.begin();
    CHECK(error_of([&] { check.expect(other.view()); }).says("position 299 is not"));
    const auto later = testing::event_at(512, 7);
    CHECK(error_of([&] { check.expect(later.view()); }).says("position 512 is not"));
}
