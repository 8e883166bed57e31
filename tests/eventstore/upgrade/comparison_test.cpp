// An upgraded file is compared with the old one before it takes its place. What the conversion could have written wrong
// is changed here, and each change is found.

#include "eventstore/sqlite/upgrade/comparison.hpp"

#include "support/errors.hpp"
#include "support/upgrade/upgrades.hpp"

#include <fmt/format.h>

using stele::detail::connection;
using testing::error_of;

namespace {

struct change {
    std::string sql;
    std::string says;
};

const std::vector<change> changes{
    {"UPDATE events SET payload = x'00' WHERE position = 200", "the event at position 200"},
    {"UPDATE events SET flags = flags | 16 WHERE position = 200", "the event at position 200"},
    {"UPDATE streams SET name = name || 'x' WHERE id = 2", "the streams"},
    {"UPDATE stele_hash_tiles SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE level = 0 AND tile = "
     "0",
     "the leaf of position 1 in"},
    {"UPDATE stele_hash_tiles SET hashes = CAST(substr(hashes, 1, 8160) || zeroblob(32) AS BLOB) WHERE level = 0 AND "
     "tile = 1",
     "the leaf of position 512 in"},
    {"UPDATE stele_hash_tiles SET hashes = CAST(substr(hashes, 1, 8160) AS BLOB) WHERE level = 0 AND tile = 0",
     "the leaf of position 256 in"},
    {"UPDATE stele_hash_tiles SET tile = 5000 WHERE level = 0 AND tile = 0", "the leaf of position 1 in"},
    {"DELETE FROM stele_hash_tiles WHERE level = 0 AND tile = 0", "the leaf of position 1 in"},
    {"DELETE FROM stele_open_leaves", "the leaf of position 66305 in"},
    {"UPDATE stele_open_leaves SET hashes = CAST(hashes || zeroblob(32) AS BLOB)", "the number of leaves"},
    {"INSERT INTO stele_open_leaves VALUES (70000, zeroblob(32))", "the number of leaves"},
    {"UPDATE stele_hash_tiles SET hashes = zeroblob(8192) WHERE level = 1", "the hash tree (tile 0 of level 0"},
    {"DELETE FROM stele_hash_tiles WHERE level = 1", "tile 0 of level 1 of the hash tree is missing"},
    {"INSERT INTO stele_hash_tiles VALUES (2, 0, zeroblob(8192))", "has 1 tiles of level 2"},
};

}  // namespace

TEST_CASE("a tree that is not that of the old events keeps the new file from taking their place") {
    const testing::old_file old([](testing::old_store_writer& store) {
        for (int i = 0; i < 5; ++i) store.append("account-" + std::to_string(i), 100);
        store.remove("account-1", 40);
        store.remove("account-2", 100, 2);
        for (int i = 0; i < 66; ++i) store.append("account-3", 1000, 5);
    });
    old.upgrade();
    connection left(old.kept(), stele::detail::open_mode::write);
    connection right(old.file, stele::detail::open_mode::write);
    const auto name = old.file.string();
    const stele::sqlite_options options;
    stele::detail::upgrade_watch watch(name, options);
    const auto compare = [&] { stele::detail::expect_same_store(left, right, watch); };
    CHECK_NOTHROW(compare());
    for (const auto& [sql, says] : changes) {
        right.execute("SAVEPOINT before; " + sql);
        const auto refused = error_of(compare);
        right.execute("ROLLBACK TO before; RELEASE before");
        CHECK(refused.kind == stele::error_kind::io);
        CHECK_MESSAGE(refused.says(says), (sql + ": " + refused.message));
    }
}
