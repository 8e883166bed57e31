// A store of format 1 becomes one of today's format, and says what it said.

#include "support/errors.hpp"
#include "support/upgrade/upgrades.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace testing;
namespace fs = std::filesystem;

namespace {

using fill = std::function<void(old_store_writer&)>;

void check_upgrade(const fill& filled, std::uint64_t seed = 1) {
    const old_file old(filled, seed);
    const auto before = contents(old.file);
    const auto bytes = bytes_of(old.file);
    const auto id = fs::hard_link_count(old.file);
    REQUIRE(id == 1);
    old.upgrade();
    CHECK(format_of(old.file) == 2);
    CHECK(contents(old.file) == before);
    CHECK(problem_with_indices(old.file) == "");
    CHECK(bytes_of(old.kept()) == bytes);
    CHECK(old.names() == std::vector<std::string>{"bank.db", "bank.db-lock", "bank.db.format-1"});
    old.upgrade();  // does nothing
    CHECK(contents(old.file) == before);
}

}  // namespace

TEST_CASE("an upgrade keeps everything that a store says") {
    SUBCASE("events of several streams, some removed") {
        check_upgrade([](auto& store) { fill_old_store(store); });
    }
    SUBCASE("nothing at all") {
        check_upgrade([](auto&) {});
    }
    SUBCASE("one event") {
        check_upgrade([](auto& store) { store.append("order-1", 1); });
    }
    SUBCASE("more versions of a stream than a run has, more ids than a block has") {
        check_upgrade([](auto& store) {
            for (const int count : {255, 1, 256, 257, 64, 65}) store.append("order-" + std::to_string(count), count);
        });
    }
    SUBCASE("a payload of 16 MiB, and empty ones") {
        check_upgrade([](auto& store) {
            store.append("order-1", 2, 0);
            store.append("order-1", 2, 16 << 20);
        });
    }
    SUBCASE("nothing but removed events and the records of that") {
        check_upgrade([](auto& store) {
            store.append("order-1", 3);
            store.remove("order-1", 3, 2);
        });
    }
}

TEST_CASE("ids in any order are found after an upgrade") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        check_upgrade(
            [&](auto& store) {
                for (int i = 0; i < 5; ++i) {
                    store.ids_in_order = i % 2 == 0 && seed > 3;
                    fill_old_store(store, 12);
                }
            },
            seed);
    }
}

TEST_CASE("what others keep in a store comes along") {
    const fill with_others = [](auto& store) {
        fill_old_store(store);
        add_others(store);
    };
    check_upgrade(with_others);
    const old_file old(with_others);
    old.upgrade();
    const plain_database db(old.file);
    CHECK(db.rows("SELECT * FROM newest WHERE stream = 1") ==
          db.rows("SELECT stream, max(version) FROM events WHERE stream = 1"));
    CHECK(db.rows("SELECT rowid FROM words WHERE words MATCH 'fox'") == "1|\n");
    db.execute("INSERT INTO tags (name) VALUES ('d')");
    CHECK(db.rows("SELECT max(id) FROM store") == "4|\n");  // by the trigger, behind the row that was removed
}

TEST_CASE("the definitions of an upgraded store are those of a new one, to the byte") {
    const old_file old([](auto& store) {
        fill_old_store(store);
        add_others(store);
    });
    old.upgrade();
    const auto fresh = old.directory / "new.db";
    {
        stele::detail::connection db{fresh, stele::detail::open_mode::create};
        stele::detail::prepare_tables(db, true);
    }
    const auto* const ours =
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name IN ('events', 'streams', "
        "'types', 'type_blocks', 'documents', 'sqlite_sequence') OR (tbl_name GLOB 'stele_*' AND "
        "tbl_name NOT GLOB 'stele_inline*') ORDER BY type, name";
    CHECK(plain_database(old.file).rows(ours) == plain_database(fresh).rows(ours));
    const auto* const header = "PRAGMA application_id; PRAGMA page_size; PRAGMA encoding; PRAGMA freelist_count";
    CHECK(plain_database(old.file).rows(header) == plain_database(fresh).rows(header));
    CHECK(plain_database(old.file).integer("PRAGMA freelist_count") == 0);
}

TEST_CASE("the log of the old store is moved into it before") {
    const temp_dir directory;
    const auto file = directory / "bank.db";
    std::string before;
    {
        const old_file open_one;
        old_store_writer store(open_one.directory / "open.db");
        fill_old_store(store);
        for (const auto* const suffix : {"", "-wal"})
            fs::copy_file((open_one.directory / "open.db").string() + suffix, file.string() + suffix);
        before = contents(open_one.directory / "open.db");
    }
    REQUIRE(fs::file_size(file.string() + "-wal") > 100'000);
    static_cast<void>(stele::detail::upgrade_if_needed(file, {}));
    CHECK(contents(file) == before);
    CHECK(contents(file.string() + ".format-1") == before);
    CHECK_FALSE(fs::exists(file.string() + "-wal"));
}

TEST_CASE("an upgraded store belongs to whom it belonged, with the same rights") {
    const old_file old;
    fs::permissions(old.file, static_cast<fs::perms>(0640));
    const bool may_give = ::geteuid() == 0;
    if (may_give) REQUIRE(::chown(old.file.c_str(), 12345, 23456) == 0);
    old.upgrade();
    struct stat found{};
    REQUIRE(::stat(old.file.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0640);
    if (may_give) CHECK(std::pair{found.st_uid, found.st_gid} == std::pair{uid_t{12345}, gid_t{23456}});
}

TEST_CASE("an upgrade tells how far it is") {
    const old_file old([](auto& store) {
        fill_old_store(store);
        add_others(store);
    });
    std::vector<stele::upgrade_progress> told;
    old.upgrade({.on_upgrade = [&](const stele::upgrade_progress& now) { told.push_back(now); }});
    std::string phases;
    for (std::size_t i = 0; i < told.size(); ++i) {
        const bool is_first = i == 0 || told[i].phase != told[i - 1].phase;
        const bool is_last = i + 1 == told.size() || told[i].phase != told[i + 1].phase;
        if (is_first) phases += std::string(to_string(told[i].phase)) + " ";
        if (is_first) CHECK(told[i].done == 0);
        if (is_last) CHECK(told[i].done == told[i].total);
        if (!is_first) CHECK(told[i].total == told[i - 1].total);
        if (!is_first) CHECK(told[i].done > told[i - 1].done);
    }
    CHECK(phases == "check copy convert index hash verify ");
}

TEST_CASE("nobody gets into the old file as long as the upgraded store is open, nor loses its log when it is closed") {
    const old_file old;
    auto held = stele::detail::upgrade_if_needed(old.file, {});
    REQUIRE(held);
    const auto reads = [&] {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(old.kept().c_str(), &db) == SQLITE_OK);
        const int code = sqlite3_exec(db, "SELECT count(*) FROM events", nullptr, nullptr, nullptr);
        sqlite3_close(db);
        return code;
    };
    CHECK(reads() == SQLITE_BUSY);
    // As a program does that had opened the file by its name before, and waited.
    for (const auto* const suffix : {"-wal", "-shm"}) std::ofstream(old.file.string() + suffix) << "of the new file";
    held.reset();
    for (const auto* const suffix : {"-wal", "-shm"}) CHECK(bytes_of(old.file.string() + suffix) == "of the new file");
    CHECK(reads() == SQLITE_OK);
}
