// What only the SQLite store does. What all stores do is tested in contract/.

#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using stele::error_kind;
using stele::expected_version;
using stele::stream_id;

namespace {

std::string content(const std::filesystem::path& file) {
    std::stringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
}

template <class Action>
stele::error fault_of(const Action& action) {
    try {
        action();
    } catch (const stele::error& fault) {
        return fault;
    }
    FAIL("was done");
    return {error_kind::closed, ""};
}

// Opens a file that must be refused; returns the error and checks that the file is unchanged.
stele::error refusal(const std::filesystem::path& file) {
    const auto before = content(file);
    const auto fault = fault_of([&] { (void)stele::sqlite_store::open(file); });
    INFO(fault.what());
    CHECK(std::string_view(fault.what()).starts_with(file.string() + ": "));
    CHECK(content(file) == before);
    CHECK_FALSE(std::filesystem::exists(file.string() + "-wal"));
    return fault;
}

bool says(const stele::error& fault, std::string_view words) {
    return std::string_view(fault.what()).find(words) != std::string_view::npos;
}

/// Returns to the working directory when the test ends.
struct working_directory {
    std::filesystem::path before = std::filesystem::current_path();
    working_directory() = default;
    working_directory(const working_directory&) = delete;
    working_directory& operator=(const working_directory&) = delete;
    ~working_directory() { std::filesystem::current_path(before); }
};

}  // namespace

TEST_CASE("a name that SQLite takes for something else than a file is refused") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "a.db");
    for (const auto& name : {std::string{}, std::string{":memory:"}, (directory / "b").string() + '\0' + "c"}) {
        CHECK(fault_of([&] { (void)stele::sqlite_store::open(name); }).kind() == error_kind::invalid_argument);
        CHECK(fault_of([&] { store.backup(name); }).kind() == error_kind::invalid_argument);
    }
    CHECK_FALSE(std::filesystem::exists(directory / "b"));
    CHECK(std::string{fault_of([&] { (void)stele::sqlite_store::open(directory.path); }).what()}.find(
              "is a directory") != std::string::npos);
}

TEST_CASE("a store stays the file that it was opened by, wherever the program goes") {
    const temp_dir directory;
    const working_directory before;
    for (const auto* const name : {"mine", "others", "empty"}) std::filesystem::create_directory(directory / name);
    {
        auto other = stele::sqlite_store::open(directory / "others" / "a.db");
        REQUIRE(other.append(stream_id{"theirs-1"}, expected_version::any(), make_events(7)));
    }
    std::filesystem::current_path(directory / "mine");
    auto store = stele::sqlite_store::open("a.db");
    REQUIRE(store.append(stream_id{"mine-1"}, expected_version::any(), make_events(1)));
    for (const auto* const elsewhere : {"others", "empty"}) {
        std::filesystem::current_path(directory / elsewhere);
        CHECK(store.stream_version(stream_id{"theirs-1"}).value == 0);
        REQUIRE(store.append(stream_id{"mine-1"}, expected_version::any(), make_events(1)));
        store.backup("copy.db");
        CHECK(stele::sqlite_store::open("copy.db").head() == store.head());
    }
    CHECK(store.head().value == 3);
}

TEST_CASE("a store is one store by every name that leads to it, or refused") {
    const temp_dir directory;
    std::filesystem::create_directory(directory / "data");
    std::filesystem::create_symlink("new.db", directory / "data" / "link.db");  // to a file that does not exist yet
    std::filesystem::create_directory_symlink("data", directory / "linked");
    auto store = stele::sqlite_store::open(directory / "data" / "link.db");
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
    CHECK(std::filesystem::exists(directory / "data" / "new.db-lock"));
    CHECK_FALSE(std::filesystem::exists(directory / "data" / "link.db-lock"));
    for (const auto& name : {directory / "data/new.db", directory / "linked/new.db", directory / "linked/link.db"}) {
        auto same = stele::sqlite_store::open(name);
        REQUIRE(same.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
    }
    CHECK(store.head().value == 4);
    std::filesystem::create_hard_link(directory / "data/new.db", directory / "hard.db");
    const auto fault = fault_of([&] { (void)stele::sqlite_store::open(directory / "hard.db"); });
    CHECK(fault.kind() == error_kind::invalid_argument);
    CHECK(says(fault, "2 names (hard links)"));
    CHECK(stele::sqlite_store::open(directory / "data/new.db").head().value == 4);
    std::filesystem::create_symlink("round.db", directory / "round.db");
    CHECK(fault_of([&] { (void)stele::sqlite_store::open(directory / "round.db"); }).kind() == error_kind::io);
}

TEST_CASE("a file that is moved, deleted or replaced under a store takes no more appends") {
    using action = std::function<void(const std::filesystem::path& file)>;
    const std::vector<std::pair<std::string, action>> actions{
        {"moved", [](const auto& file) { std::filesystem::rename(file, file.string() + ".old"); }},
        {"deleted", [](const auto& file) { std::filesystem::remove(file); }},
        {"replaced",
         [](const auto& file) {
             std::filesystem::copy_file(file, file.string() + ".copy");
             std::filesystem::rename(file.string() + ".copy", file);
         }},
        {"its lock deleted", [](const auto& file) { std::filesystem::remove(file.string() + "-lock"); }},
        {"its lock replaced", [](const auto& file) {
             std::ofstream{file.string() + "-new"} << "x";
             std::filesystem::rename(file.string() + "-new", file.string() + "-lock");
         }}};
    for (const auto& [what, act] : actions) {
        CAPTURE(what);
        const temp_dir directory;
        auto store = stele::sqlite_store::open(directory / "a.db", {.idle_readers = 0});
        REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
        act(directory / "a.db");
        const auto fault =
            fault_of([&] { (void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)); });
        CHECK(fault.kind() == error_kind::io);
        CHECK(std::string_view{fault.what()}.find("moved, deleted or replaced") != std::string_view::npos);
        const auto after = [&](const std::function<void()>& use) { return fault_of(use).kind(); };
        CHECK(after([&] { (void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)); }) ==
              error_kind::closed);
        CHECK(after([&] { store.compact(); }) == error_kind::closed);
        if (what.starts_with("its")) continue;
        CHECK(after([&] { (void)store.head(); }) == error_kind::io);
    }
}

TEST_CASE("a log that one large append made large becomes small again") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "a.db", {.durability = stele::durability::normal});
    const auto log = [&] { return std::filesystem::file_size(directory / "a.db-wal"); };
    std::vector<stele::event_data> large;
    for (int i = 0; i < 60; ++i)
        large.push_back({.type = "test.Large", .payload = std::string(1 << 20, 'x'), .metadata = {}});
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), large));
    CHECK(log() > 60U << 20);
    for (int i = 0; i < 3; ++i) REQUIRE(store.append(stream_id{"a-2"}, expected_version::any(), make_events(1)));
    CHECK(log() <= 32U << 20);
}

TEST_CASE("a limit of 0 is refused by every store") {
    const temp_dir directory;
    for (const auto limit :
         {&stele::store_limits::event_bytes, &stele::store_limits::append_bytes, &stele::store_limits::append_events,
          &stele::store_limits::read_batch_events, &stele::store_limits::read_batch_bytes}) {
        stele::store_limits limits;
        limits.*limit = 0;
        CHECK(fault_of([&] { stele::memory_store{limits}; }).kind() == error_kind::invalid_argument);
        CHECK(fault_of([&] { (void)stele::sqlite_store::open(directory / "a.db", {.limits = limits}); }).kind() ==
              error_kind::invalid_argument);
    }
}

TEST_CASE("a file that is not a store is refused by name and not changed") {
    const temp_dir directory;
    const auto file = directory / "some.db";

    SUBCASE("an SQLite file of another program") {
        run_sql(file, "CREATE TABLE notes (text)");
        const auto fault = refusal(file);
        CHECK(fault.kind() == error_kind::foreign_file);
        CHECK(says(fault, "is an SQLite file, but not an event store"));
    }
    SUBCASE("a file of a newer format") {
        {
            (void)stele::sqlite_store::open(file);
        }
        run_sql(file, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
        const auto fault = refusal(file);
        CHECK(fault.kind() == error_kind::newer_format);
        CHECK(says(fault, "has file format 99, this library knows up to 1"));
    }
    SUBCASE("a text") {
        std::ofstream(file)
            << "Dear diary, today I have written more than a hundred bytes about nothing in particular, "
               "so that it looks like a file with something in it.";
        CHECK(refusal(file).kind() == error_kind::foreign_file);
    }
}

TEST_CASE("a missing directory is named") {
    const temp_dir directory;
    const auto file = directory / "absent" / "some.db";
    try {
        (void)stele::sqlite_store::open(file);
        FAIL("was opened");
    } catch (const stele::error& fault) {
        INFO(fault.what());
        CHECK(fault.kind() == error_kind::io);
        CHECK(says(fault, file.string()));
    }
}

TEST_CASE("an empty file becomes a store") {
    const temp_dir directory;
    {
        std::ofstream touch(directory / "empty.db");
    }
    auto store = stele::sqlite_store::open(directory / "empty.db");
    CHECK(store.append(stream_id{"a-1"}, expected_version::no_stream(), make_events(1)));
}

TEST_CASE(
    "a process that holds the write lock for the whole busy timeout makes an append busy, and it may be repeated") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = std::chrono::milliseconds{20}}});
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    const auto events = make_events(2);
    try {
        (void)store.append(stream_id{"a-1"}, expected_version::no_stream(), events);
        FAIL("was accepted");
    } catch (const stele::error& fault) {
        CHECK(fault.kind() == error_kind::busy);
        CHECK(says(fault, "events.db"));
    }
    CHECK(store.head().value == 0);
    REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    CHECK(store.append(stream_id{"a-1"}, expected_version::no_stream(), events));
}

TEST_CASE("a moved store works under its new owner, and the old handle says that it was moved from") {
    const temp_dir directory;
    auto first = stele::sqlite_store::open(directory / "events.db");
    REQUIRE(first.append(stream_id{"a-1"}, expected_version::no_stream(), make_event()));
    std::map<std::string, stele::sqlite_store> stores;
    stores.emplace("tenant", std::move(first));
    auto& store = stores.at("tenant");
    CHECK(store.append(stream_id{"a-1"}, expected_version::exactly({1}), make_event())->version.value == 2);

    const auto closed = [](const auto& call) {
        try {
            call();
        } catch (const stele::error& fault) {
            CHECK(says(fault, "was moved from"));
            return fault.kind() == error_kind::closed;
        }
        return false;
    };
    auto& old = first;  // NOLINT(bugprone-use-after-move)
    CHECK(closed([&] { (void)old.head(); }));
    CHECK(closed([&] { (void)old.append(stream_id{"a-1"}, expected_version::any(), make_event()); }));
    CHECK(closed([&] {
        for (const auto& batch : old.read_all()) (void)batch;
    }));
    CHECK(closed([&] { old.compact(); }));

    old = stele::sqlite_store::open(directory / "other.db");
    CHECK(old.head().value == 0);
    old = std::move(store);
    CHECK(old.head().value == 2);
}

TEST_CASE("a VFS that does not exist is named when the store is opened") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        (void)stele::sqlite_store::open(file);
    }
    try {
        (void)stele::sqlite_store::open(file, {.connection = {.vfs = "no-such-vfs"}});
        FAIL("was opened");
    } catch (const stele::error& fault) {
        CHECK(says(fault, file.string()));
        CHECK(says(fault, "no-such-vfs"));
    }
}

TEST_CASE("two stores on one file see each other's events at once") {
    const temp_dir directory;
    auto one = stele::sqlite_store::open(directory / "events.db");
    auto two = stele::sqlite_store::open(directory / "events.db");
    const stream_id stream{"a-1"};
    for (int round = 0; round < 5; ++round) {
        REQUIRE(one.append(stream, expected_version::exactly(two.stream_version(stream)), make_events(1)));
        REQUIRE(two.append(stream, expected_version::exactly(one.stream_version(stream)), make_events(2)));
        const auto refused = one.append(stream, expected_version::no_stream(), make_events(1));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().actual == two.stream_version(stream));
    }
    CHECK(one.head().value == 15);
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
        CHECK_FALSE(std::filesystem::exists(copy.string() + ".partial"));
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

TEST_CASE("compacting frees the space of removed events and changes nothing else") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    const stream_id big{"big-1"};
    const stream_id small{"small-1"};
    for (int i = 0; i < 20; ++i)
        REQUIRE(
            store.append(big, expected_version::any(), std::vector{make_event("test.Big", std::string(200'000, 'x'))}));
    REQUIRE(store.append(small, expected_version::no_stream(), make_events(3)));
    REQUIRE(store.delete_stream(big));
    store.compact();
    CHECK(std::filesystem::file_size(file) < 200'000);
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
        auto store = stele::sqlite_store::open(file);
        append(store, "note-first");
    }
    // As if a million streams came between them: the number of the next one ends like that of the first.
    run_sql(file, "INSERT INTO streams (id, name) SELECT id - 1 + 1048576, 'note-between' FROM streams");
    auto store = stele::sqlite_store::open(file);
    for (const char* stream : {"note-later", "note-first", "note-later", "note-first"}) append(store, stream);
    std::string streams;
    for (const auto& event : store.read_all().events()) streams += std::string{event.stream} + ' ';
    CHECK(streams == "note-first note-later note-first note-later note-first ");
}

TEST_CASE("a sparse filter does not read the events in between") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    // The rare events are at both ends; everything between them is then overwritten with zeros on disk.
    const stream_id rare{"rare-1"};
    const stream_id common{"common-1"};
    REQUIRE(store.append(rare, expected_version::any(), std::vector{make_event("test.Rare", "first")}));
    for (int i = 0; i < 20; ++i) {
        std::vector<stele::event_data> events(1000, make_event("test.Common", std::string(300, 'x')));
        for (auto& event : events) event.id = stele::uuid::v7();
        REQUIRE(store.append(common, expected_version::any(), events));
    }
    REQUIRE(store.append(rare, expected_version::any(), std::vector{make_event("test.Rare", "last")}));
    store.compact();
    {
        // Payloads of the middle: the store must not read them.
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        const auto size = std::filesystem::file_size(file);
        std::string image(size, '\0');
        bytes.read(image.data(), static_cast<std::streamsize>(size));
        constexpr std::size_t page = 4096;
        const std::string payload(300, 'x');
        for (std::size_t at = 40 * page; at + 40 * page < size; at += page) {
            // A page of the table events holds payloads; those of the first and last blocks are kept.
            if (image.find(payload, at) >= at + page || at < size / 4 || at > size / 2) continue;
            bytes.seekp(static_cast<std::streamoff>(at));
            bytes.write(std::string(page, '\0').data(), page);
        }
    }
    auto damaged = stele::sqlite_store::open(directory / "events.db");
    CHECK_THROWS_AS((void)lines(damaged.read_all()), stele::error);
    const std::vector<std::string> both{"1 rare-1@1 test.Rare first", "20002 rare-1@2 test.Rare last"};
    CHECK(lines(damaged.read_all({.filter = {.types = {"test.Rare"}}})) == both);
    CHECK(lines(damaged.read_all({.filter = {.categories = {"rare"}}})) == both);
    CHECK(lines(damaged.read_all({.filter = {.stream_prefixes = {"rare-"}}})) == both);
    CHECK(lines(damaged.read_all({.direction = stele::direction::backward, .filter = {.types = {"test.Rare"}}}))
              .front() == both.back());
}

TEST_CASE("an event missing in a stream is detected, and a removed one is not missing") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const stream_id orders{"order-1"};
    auto store = stele::sqlite_store::open(file);
    for (int i = 0; i < 6; ++i)
        REQUIRE(store.append(orders, expected_version::any(), std::vector{make_event("test.Placed", "")}));
    REQUIRE(store.truncate_stream(orders, stele::version{3}));
    CHECK(lines(store.read_stream(orders)).size() == 4);
    CHECK(lines(store.read_stream(orders, {.direction = stele::direction::backward})).size() == 4);

    run_sql(file, "DELETE FROM events WHERE version = 4");
    for (const auto order : {stele::direction::forward, stele::direction::backward}) {
        const auto fault = fault_of([&] { (void)lines(store.read_stream(orders, {.direction = order})); });
        CHECK(fault.kind() == error_kind::corrupt);
        CHECK(says(fault, file.string() + ": the event at position "));
        CHECK(says(fault, order == stele::direction::forward ? "version 5 of order-1" : "version 3 of order-1"));
    }
    CHECK(lines(store.read_stream(orders, {.after = stele::version{4}})).size() == 2);
}

TEST_CASE("a filtered read also ends in a long range without matches") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file);
    for (int i = 0; i < 3; ++i)
        REQUIRE(store.append(stream_id{"order-1"}, expected_version::any(),
                             std::vector{make_event("test.Placed", std::to_string(i))}));
    // The blocks still say that an event of the type is at the old position.
    run_sql(file, "UPDATE events SET position = 1 << 60 WHERE position = 3");
    const std::vector<std::string> found{"1 order-1@1 test.Placed 0", "2 order-1@2 test.Placed 1"};
    CHECK(lines(store.read_all({.filter = {.types = {"test.Placed"}}})) == found);
    CHECK(lines(store.read_all({.direction = stele::direction::backward, .filter = {.types = {"test.Placed"}}})) ==
          std::vector(found.rbegin(), found.rend()));
}
