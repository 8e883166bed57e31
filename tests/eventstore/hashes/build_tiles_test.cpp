// A file without a tree gets that of its events, all at once or in as many pieces as one likes.

#include "eventstore/sqlite/hashes/build_tiles.hpp"

#include "eventstore/hashes/hashed_file.hpp"
#include "eventstore/hashtree/leaf.hpp"
#include "eventstore/hashtree/naive_tree.hpp"
#include "support/errors.hpp"

#include <doctest/doctest.h>

using stele::detail::build_tiles;
using testing::hashed_file;

namespace {

// A file with so many events and no tree, from which these were removed.
void fill(hashed_file& file, std::size_t count, const std::vector<std::uint64_t>& removed = {}) {
    file.db().execute("BEGIN");
    for (std::size_t i = 0; i < count; ++i) file.insert();
    for (const auto each : removed) file.db().execute("DELETE FROM events WHERE position = " + std::to_string(each));
    file.db().execute("COMMIT");
}

}  // namespace

TEST_CASE("the tree that is built is the one that appends would have made") {
    for (const std::size_t count : {0UL, 1UL, 255UL, 256UL, 257UL, 1000UL, 1024UL}) {
        const temp_dir directory;
        hashed_file file(directory / "events.db");
        fill(file, count);
        int calls = 1;
        while (!build_tiles(file.db(), 2)) ++calls;
        CHECK(calls == static_cast<int>(count / 256 / 3 + 1));
        CHECK(file.root(count) == naive::mth(testing::leaves_at(count)));
        CHECK(file.damage().empty());
        CHECK(build_tiles(file.db(), 2));  // nothing is left to do
        file.append_and_commit(300);
        CHECK(file.root(count + 300) == naive::mth(testing::leaves_at(count + 300)));
        CHECK(file.damage().empty());
    }
}

TEST_CASE("a build that was interrupted goes on behind the tiles that are there") {
    const temp_dir directory;
    {
        hashed_file file(directory / "events.db");
        fill(file, 1300);
        CHECK_FALSE(build_tiles(file.db(), 1));
        file.db().execute("BEGIN");
        CHECK_FALSE(build_tiles(file.db(), 2));
        file.db().execute("ROLLBACK");  // as if the process had been killed
        CHECK(file.db().integer("SELECT count(*) FROM stele_hash_tiles") == 1);
    }
    hashed_file file(directory / "events.db");
    CHECK_FALSE(build_tiles(file.db(), 3));
    CHECK(file.db().integer("SELECT count(*) FROM stele_hash_tiles") == 4);
    CHECK(build_tiles(file.db(), 3));
    CHECK(file.root(1300) == naive::mth(testing::leaves_at(1300)));
    CHECK(file.damage().empty());
}

TEST_CASE("an event that was removed before there was a tree is a leaf of which only the position is known") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    const std::vector<std::uint64_t> removed{1, 7, 8, 256, 257, 300, 511};
    fill(file, 520, removed);
    CHECK(build_tiles(file.db(), 100));
    auto leaves = testing::leaves_at(520);
    for (const auto each : removed) leaves[each - 1] = stele::detail::leaf_of_unknown({each});
    CHECK(file.root(520) == naive::mth(leaves));
    file.append_and_commit(1);
    leaves.push_back(testing::leaf_at(521));
    CHECK(file.root(521) == naive::mth(leaves));
    CHECK(file.damage().empty());
}

TEST_CASE("a tree with more leaves than there are events is not built on") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(600);
    file.db().execute("DELETE FROM events WHERE position > 300");
    const auto refused = testing::error_of([&] { (void)build_tiles(file.db(), 1); });
    CHECK(refused.kind == stele::error_kind::corrupt);
    CHECK(refused.says("the hash tree has 512 leaves, and the last event is at position 300"));
}
