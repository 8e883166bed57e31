// A backup has its name only when it is complete, whoever else wants that name, and touches no file that is not its
// own.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

using namespace testing;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

stele::sqlite_store filled(const fs::path& file) {
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    for (int i = 0; i < 200; ++i)
        store.append(stream_id{"a-1"}, expected_version::any(), std::vector{make_event("t.T", std::string(5000, 'x'))})
            .value();
    return store;
}

bool is_whole(const fs::path& file) {
    return stele::sqlite_store::open(file).head().value == 200 && ask_sql(file, "PRAGMA integrity_check") == "ok";
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

// Backs up to `to` from several threads at once, and returns how many have succeeded; the others must say why.
int race(stele::sqlite_store& store, const fs::path& to) {
    std::atomic<int> succeeded = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            try {
                store.backup(to);
                ++succeeded;
            } catch (const stele::error& refused) {
                const bool says = std::string_view(refused.what()).find("exists") != std::string_view::npos;
                if (refused.kind() != stele::error_kind::invalid_argument || !says) succeeded = 100;
            }
        });
    threads.clear();
    return succeeded;
}

}  // namespace

TEST_CASE("of several backups to one name, of threads and processes, one succeeds and the others are told why") {
    const temp_dir directory;
    const temp_dir target;
    auto store = filled(directory / "events.db");
    for (int round = 0; round < 10; ++round) {
        const auto to = target / "copy.db";
        child other([&] {
            auto own = stele::sqlite_store::open(directory / "events.db");
            // No new threads in a child of a program with threads: that is not for every checker.
            try {
                own.backup(to);
                return std::string("1");
            } catch (const stele::error& refused) {
                return std::string(refused.kind() == stele::error_kind::invalid_argument ? "0" : "100");
            }
        });
        const int here = race(store, to);
        CHECK(here + std::stoi(other.answer()) == 1);
        CHECK(names_in(target.path) == std::vector<std::string>{"copy.db"});
        CHECK(is_whole(to));
        fs::remove_all(to.string() + "-lock");
        fs::remove(to);
    }
}

TEST_CASE("a backup that is killed leaves no file of its name, or a whole store") {
    const temp_dir directory;
    const temp_dir target;
    const auto to = target / "copy.db";
    {
        const auto store = filled(directory / "events.db");
    }
    int left = 0;
    for (int round = 0; round < 40; ++round) {
        {
            child killed([&]() -> std::string {
                auto store = stele::sqlite_store::open(directory / "events.db");
                fs::create_directory(target / "begun");
                for (int i = 0;; ++i) store.backup(target / ("copy" + (i == 0 ? "" : std::to_string(i)) + ".db"));
            });
            while (!fs::exists(target / "begun")) std::this_thread::yield();
            // As far as `round` says: some have only begun, some are complete.
            const auto wanted = static_cast<std::uintmax_t>(round) * 40'000;
            const auto written = [&] {
                std::uintmax_t sum = 0;
                std::error_code gone;
                for (const auto& entry : fs::directory_iterator(target.path))
                    if (const auto size = entry.file_size(gone); !gone && entry.is_regular_file(gone)) sum += size;
                return sum;
            };
            while (written() < wanted) std::this_thread::yield();
        }
        for (const auto& name : names_in(target.path)) {
            if (name.ends_with(".partial")) ++left;
            if (name.ends_with(".db")) CHECK(is_whole(target / name));
        }
        auto store = stele::sqlite_store::open(directory / "events.db");
        if (!fs::exists(to)) store.backup(to);
        CHECK(is_whole(to));
        for (const auto& name : names_in(target.path)) fs::remove_all(target / name);
    }
    CHECK(left > 0);
}

TEST_CASE("a backup is not made where it would get the log of another store") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(3)));
    for (const auto* const suffix : {"-wal", "-journal", "-shm"}) {
        CAPTURE(suffix);
        const auto copy = directory / (std::string{"copy.db"} + suffix);
        std::ofstream{copy} << "of another store";
        const auto refused = testing::error_of([&] { store.backup(directory / "copy.db"); });
        CHECK(refused.kind == stele::error_kind::invalid_argument);
        CHECK(refused.says(copy.string()));
        CHECK_FALSE(std::filesystem::exists(directory / "copy.db"));
        CHECK(std::filesystem::remove(copy));
    }
    store.backup(directory / "copy.db");
    CHECK(stele::sqlite_store::open(directory / "copy.db").head().value == 3);
}

TEST_CASE("a backup touches no file that is not its own") {
    const temp_dir directory;
    const temp_dir target;
    auto store = filled(directory / "events.db");
    const auto to = target / "copy.db";
    const auto write = [](const fs::path& file) { std::ofstream(file) << "mine"; };
    const auto is_mine = [](const fs::path& file) {
        std::ifstream in(file);
        return std::string(std::istreambuf_iterator<char>(in), {}) == "mine";
    };
    for (const auto* const suffix : {".partial", ".partial-wal", ".partial-shm", ".partial-journal"})
        write(to.string() + suffix);
    store.backup(to);
    CHECK(is_whole(to));
    for (const auto* const suffix : {".partial", ".partial-wal", ".partial-shm", ".partial-journal"})
        CHECK(is_mine(to.string() + suffix));

    const auto taken = target / "taken.db";
    write(taken);
    fs::create_symlink("nowhere", target / "link.db");
    fs::create_directory(target / "directory.db");
    const auto before = names_in(target.path);
    CHECK(error_of([&] { store.backup(taken); }).kind == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { store.backup(target / "directory.db"); }).kind == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { store.backup(directory / "events.db"); }).kind == stele::error_kind::invalid_argument);
    CHECK(error_of([&] { store.backup(target / "absent" / "copy.db"); }).kind == stele::error_kind::io);
    CHECK(is_mine(taken));
    CHECK(names_in(target.path) == before);

    store.backup(target / "link.db");  // the link leads to a name that is free
    CHECK(is_whole(target / "nowhere"));
}

TEST_CASE("a backup taken during writes opens, and its head is one that existed") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal});
    const stream_id stream{"a-1"};
    REQUIRE(store.append(stream, expected_version::no_stream(), make_events(100)));
    std::atomic<bool> stop = false;
    std::jthread writer([&] {
        while (!stop) (void)store.append(stream, expected_version::any(), make_events(7));
    });
    for (int round = 0; round < 10; ++round) {
        const auto copy = directory / ("copy-" + std::to_string(round) + ".db");
        const auto before = store.head();
        store.backup(copy);
        const auto after = store.head();
        CHECK_FALSE(fs::exists(copy.string() + ".partial"));
        auto restored = stele::sqlite_store::open(copy);
        CHECK(restored.head() >= before);
        CHECK(restored.head() <= after);
        CHECK((restored.head().value - 100) % 7 == 0);
        std::uint64_t last = 0;
        for (const auto& event : restored.read_all().events()) REQUIRE(event.position.value == ++last);
        CHECK(last == restored.head().value);
        CHECK(restored.append(stream, expected_version::exactly(restored.stream_version(stream)), make_events(1)));
        // The next round waits for the writer, so that there is something new to copy.
        (void)store.wait_for_append(after, std::chrono::minutes{1});
    }
    stop = true;
    writer.join();
    CHECK_THROWS_AS(store.backup(directory / "copy-0.db"), stele::error);
    CHECK_THROWS_AS(store.backup(directory / "absent" / "copy.db"), stele::error);
}
