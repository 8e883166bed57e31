// What a store that is opened read-only says about its files, and that none is made.

#include "support/errors.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

void append(stele::event_store& store, int count) {
    for (int i = 0; i < count; ++i) store.append(stream_id{"a-1"}, expected_version::any(), make_events(3)).value();
}

void make_store(const fs::path& file) {
    auto store = stele::sqlite_store::open(file);
    append(store, 2);
}

std::size_t files_in(const fs::path& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

}  // namespace

TEST_CASE("what is no store, or may not be read, is an error that names it, and nothing is made") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const auto refusal = [](const fs::path& name) {
        return error_of([&] { (void)stele::sqlite_store::open_read_only(name); });
    };
    const auto missing = refusal(file);
    CHECK(missing.kind == error_kind::io);
    CHECK(missing.says("there is no such file"));
    CHECK(missing.says(file.string()));
    CHECK(refusal(directory / "no" / "events.db").says("there is no such file"));
    CHECK(refusal("").kind == error_kind::invalid_argument);
    CHECK(refusal(":memory:").kind == error_kind::invalid_argument);
    CHECK(refusal(directory.path).kind == error_kind::foreign_file);
    CHECK(fs::is_empty(directory.path));

    std::fclose(std::fopen(file.c_str(), "w"));
    const auto empty = refusal(file);
    CHECK(empty.kind == error_kind::io);
    CHECK(empty.says("no store was made"));
    CHECK(fs::file_size(file) == 0);
    fs::remove(file);
    make_store(file);
    fs::create_hard_link(file, directory / "second.db");
    CHECK(refusal(directory / "second.db").kind == error_kind::invalid_argument);
    CHECK(stele::sqlite_store::open_read_only(file).head().value == 6);  // the name that its writer used
    fs::remove(directory / "second.db");
    fs::create_symlink(file, directory / "link.db");
    CHECK(stele::sqlite_store::open_read_only(directory / "link.db").head().value == 6);
    // Names that mean something in a URI.
    for (const auto* const name : {"a b.db", "a?mode=rwc.db", "a#b.db", "a%41.db", "ä.db"}) {
        CAPTURE(name);
        fs::copy_file(file, directory / name);
        CHECK(stele::sqlite_store::open_read_only(directory / name).head().value == 6);
    }
}

TEST_CASE("a file that was moved or replaced while it was open is noticed by the next read") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    std::optional<stele::sqlite_store> writer{stele::sqlite_store::open(file)};
    append(*writer, 2);
    SUBCASE("while somebody has it open") {}
    SUBCASE("while nobody has it open") {
        writer.reset();
    }
    auto store = stele::sqlite_store::open_read_only(file);
    auto range = store.read_all();
    CHECK(store.head().value == 6);
    fs::rename(file, directory / "moved.db");
    const auto gone = error_of([&] { (void)store.head(); });
    CHECK(gone.kind == error_kind::io);
    CHECK(gone.says("was moved, deleted or replaced"));
    fs::copy_file(directory / "moved.db", file);
    CHECK(error_of([&] { (void)store.head(); }).kind == error_kind::io);
    CHECK(error_of([&] { (void)store.verify(); }).kind == error_kind::io);
    CHECK(error_of([&] { store.backup(directory / "copy.db"); }).kind == error_kind::io);
    CHECK(error_of([&] { (void)range.begin(); }).kind == error_kind::io);
    CHECK_FALSE(fs::exists(directory / "copy.db"));
}

TEST_CASE("other formats, other files and damage are told as when a store is opened to write, and left untouched") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    make_store(file);
    fs::remove(file.string() + "-lock");
    struct row {
        const char* sql;
        error_kind kind;
    };
    for (const auto& [sql, kind] :
         {row{"PRAGMA application_id = 7", error_kind::foreign_file},
          row{"PRAGMA user_version = 3", error_kind::newer_format},
          row{"CREATE TRIGGER t AFTER INSERT ON events BEGIN SELECT 1; END", error_kind::corrupt},
          row{"DELETE FROM events WHERE position = 6", error_kind::corrupt}}) {
        CAPTURE(sql);
        const temp_dir other;
        const auto copy = other / "events.db";
        fs::copy_file(file, copy);
        run_sql(copy, sql);
        const auto size = fs::file_size(copy);
        const auto refused = error_of([&] { (void)stele::sqlite_store::open_read_only(copy); });
        CHECK(refused.kind == kind);
        CHECK(error_of([&] { (void)stele::sqlite_store::open(copy); }).kind == kind);
        CHECK(fs::file_size(copy) == size);
    }
    CHECK(stele::sqlite_store::open_read_only(file).head().value == 6);
    CHECK(files_in(directory.path) == 1);
}

TEST_CASE("a log beside a file that is missing or empty is damage, not a new store") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto writer = stele::sqlite_store::open(file);
    append(writer, 2);
    const auto moved = directory / "moved.db";
    fs::copy_file(file.string() + "-wal", moved.string() + "-wal");
    CHECK(error_of([&] { (void)stele::sqlite_store::open_read_only(moved); }).kind == error_kind::corrupt);
    std::fclose(std::fopen(moved.c_str(), "w"));
    CHECK(error_of([&] { (void)stele::sqlite_store::open_read_only(moved); }).kind == error_kind::corrupt);
}
