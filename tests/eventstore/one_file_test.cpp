// A store is one file with one log and one lock: names that lead to another log or lock are refused, a lock file that
// is removed stops its process, and a file that was put in the place of the store is not mixed with the log beside it.

#include "faults/tools/settings.hpp"
#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <iterator>
#include <random>
#include <thread>

using namespace testing;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

void append(stele::event_store& store, int count, const std::string& stream = "a-1") {
    for (int i = 0; i < count; ++i) {
        std::vector<stele::event_data> events;
        for (int n = 0; n < 3; ++n) events.push_back(make_event("test.Happened", std::string(150, 'x')));
        store.append(stream_id{stream}, expected_version::any(), events).value();
    }
}

// Writes `count` appends in a process that is then killed, so that its log is left.
void append_and_die(const fs::path& file, int count, const std::string& stream = "a-1") {
    child writer([&]() -> std::string {
        auto store = stele::sqlite_store::open(file);
        append(store, count, stream);
        fs::create_directory(file.string() + ".written");
        while (true) ::pause();
    });
    while (!fs::exists(file.string() + ".written")) std::this_thread::yield();
    writer.kill();
    fs::remove(file.string() + ".written");
    REQUIRE(fs::file_size(file.string() + "-wal") > 0);
}

std::string bytes_of(const fs::path& file) {
    std::string bytes(fs::file_size(file), '\0');
    std::FILE* const in = std::fopen(file.c_str(), "rb");
    REQUIRE(std::fread(bytes.data(), 1, bytes.size(), in) == bytes.size());
    std::fclose(in);
    return bytes;
}

// As another program copies over a file that exists.
void copy_over(const fs::path& from, const fs::path& to) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
}

// Whether every event can be read, from the first position to the last.
bool is_whole(const fs::path& file) {
    auto store = stele::sqlite_store::open(file);
    std::uint64_t last = 0;
    for (const auto& event : store.read_all().events())
        if (event.position.value != ++last) return false;
    return last == store.head().value && ask_sql(file, "PRAGMA integrity_check") == "ok";
}

}  // namespace

TEST_CASE("a store by a bind mount: of its directory it is the same store, of the file alone it is refused") {
    const temp_dir directory;
    const auto answer = in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return {};
        const auto file = directory / "one" / "events.db";
        fs::create_directories(directory / "one");
        fs::create_directories(directory / "two");
        fs::create_directories(directory / "three");
        auto store = stele::sqlite_store::open(file);
        append(store, 1);
        if (::mount((directory / "one").c_str(), (directory / "two").c_str(), nullptr, MS_BIND, nullptr) != 0)
            return {};
        {
            auto same = stele::sqlite_store::open(directory / "two" / "events.db");
            append(same, 1);
            append(store, 1);
            if (same.head() != store.head() || store.head().value != 9) return "the directory is another store";
        }
        const auto alone = directory / "three" / "events.db";
        std::fclose(std::fopen(alone.c_str(), "w"));
        if (::mount(file.c_str(), alone.c_str(), nullptr, MS_BIND, nullptr) != 0) return {};
        const auto refused = error_of([&] { (void)stele::sqlite_store::open(alone); });
        if (refused.kind != stele::error_kind::invalid_argument || !refused.says("mount the directory"))
            return refused.message;
        if (fs::exists(alone.string() + "-wal") || fs::exists(alone.string() + "-lock")) return "files were made";
        append(store, 1);
        return "as it should be";
    });
    if (answer.empty())
        MESSAGE("skipped: this needs the right to mount");
    else
        CHECK(answer == "as it should be");
}

TEST_CASE("when the lock file is removed, the one who had it writes no more, whatever others do meanwhile") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto first = stele::sqlite_store::open(file);
    append(first, 1);
    REQUIRE(fs::remove(file.string() + "-lock"));
    CHECK(in_child([&] {
              auto second = stele::sqlite_store::open(file);
              append(second, 1);
              return std::to_string(second.head().value);
          }) == "6");
    CHECK(error_of([&] { append(first, 1); }).kind == stele::error_kind::io);
    CHECK(error_of([&] { append(first, 1); }).kind == stele::error_kind::closed);
    {
        const auto closed = std::move(first);
    }
    CHECK(stele::sqlite_store::open(file).head().value == 6);
}

TEST_CASE("a backup that was copied over a store is not mixed with the log that the store left") {
    const temp_dir directory;
    CAPTURE(run_seed());
    std::mt19937_64 random{run_seed()};
    int refused = 0;
    constexpr int before[] = {1, 5, 70, 70, 200};
    constexpr int between[] = {0, 1, 2, 5, 70, 700};
    for (int round = 0; round < 60; ++round) {
        const auto file = directory / fmt::format("events{}.db", round);
        const auto copy = directory / fmt::format("copy{}.db", round);
        {
            auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
            append(store, before[random() % std::size(before)], "a-1");
            store.backup(copy);
            // Moved into the main file at the end: the backup lacks it, and the log below does not have it.
            append(store, between[random() % std::size(between)], "a-" + std::to_string(random() % 2));
        }
        append_and_die(file, 1 + static_cast<int>(random() % 3), "a-1");
        copy_over(copy, file);
        const auto log = bytes_of(file.string() + "-wal");
        std::string outcome;
        try {
            (void)stele::sqlite_store::open(file);
        } catch (const stele::error& fault) {
            CHECK(fault.kind() == stele::error_kind::corrupt);
            outcome = fault.what();
        }
        if (outcome.empty()) {  // the log has all that the backup lacks
            CHECK(is_whole(file));
            continue;
        }
        ++refused;
        CHECK_MESSAGE(outcome.find("nothing was changed") != std::string::npos, outcome);
        CHECK(bytes_of(file) == bytes_of(copy));
        CHECK(bytes_of(file.string() + "-wal") == log);
        // What the error advises.
        fs::rename(file.string() + "-wal", directory / "kept-wal");
        fs::rename(file.string() + "-shm", directory / "kept-shm");
        CHECK(is_whole(file));
    }
    CHECK(refused > 10);
}

TEST_CASE("a log that belongs to the file is used, also where the note about the file is lost") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
        append(store, 5, "cut-1");
        append(store, 5, "gone-1");
        store.truncate_stream(stream_id{"cut-1"}, {7}).value();
        store.delete_stream(stream_id{"gone-1"}).value();
    }
    append_and_die(file, 50);
    SUBCASE("nothing is lost") {}
    SUBCASE("the lock file is removed") {
        fs::remove(file.string() + "-lock");
    }
    SUBCASE("an empty lock file, of an earlier version") {
        fs::resize_file(file.string() + "-lock", 0);
    }
    SUBCASE("the file was touched") {
        fs::last_write_time(file, fs::file_time_type::clock::now());
    }
    CHECK(stele::sqlite_store::open(file).head().value == 182);
    append_and_die(file, 50);
    CHECK(stele::sqlite_store::open(file).head().value == 332);
    CHECK(ask_sql(file, "PRAGMA integrity_check") == "ok");
}
