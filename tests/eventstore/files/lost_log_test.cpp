// The log of a store, or its index, that is taken away while a process writes to it: by a process that takes itself for
// the last one, or by hand.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

std::string try_append(sqlite_store& store, int count = 1) {
    try {
        for (int i = 0; i < count; ++i) store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value();
        return "acknowledged";
    } catch (const stele::error& fault) {
        return fmt::format("{}: {}", to_string(fault.kind()), fault.what());
    }
}

std::uint64_t events_in(const fs::path& file) {
    auto store = sqlite_store::open(file);
    CHECK(store.verify().is_sound());
    std::uint64_t last = 0;
    for (const auto& event : store.read_all().events()) CHECK(event.position.value == ++last);
    CHECK(store.head().value == last);
    return last;
}

void read_all_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    REQUIRE(in.good());
}

// A process that has the store open. It says when it has done a step, and waits before the next.
class service {
public:
    service(const fs::path& directory, const std::vector<std::function<void()>>& steps)
        : directory_(directory), child_([&]() -> std::string {
              for (std::size_t i = 0; i < steps.size(); ++i) {
                  while (!fs::exists(mark("go", i))) ::usleep(500);
                  steps[i]();
                  fs::create_directory(mark("done", i));
              }
              while (true) ::pause();
          }) {}
    // Lets it do the next step.
    void step() {
        fs::create_directory(mark("go", next_));
        while (!fs::exists(mark("done", next_))) ::usleep(500);
        ++next_;
    }
    void kill() { child_.kill(); }

private:
    [[nodiscard]] fs::path mark(const char* what, std::size_t i) const {
        return directory_ / (what + std::to_string(i));
    }

    fs::path directory_;
    std::size_t next_ = 0;
    child child_;
};

// What a process wrote into a file of its own.
void tell(const fs::path& file, const std::string& text) {
    std::ofstream{file} << text;
}
std::string told(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

const std::map<std::string, std::function<void(const fs::path&)>> own_reads{
    {"reads its own file", [](const fs::path& file) { read_all_of(file); }},
    {"copies its own file", [](const fs::path& file) { fs::copy_file(file, file.string() + ".copied"); }},
    {"reads all its files",
     [](const fs::path& file) {
         for (const auto* const suffix : {"", "-wal", "-shm", "-lock"}) read_all_of(file.string() + suffix);
     }},
};

}  // namespace

TEST_CASE("a process that reads its own store file by other means loses nothing when another one closes the store") {
    for (const auto& [what, read] : own_reads)
        for (const bool is_killed : {true, false}) {
            CAPTURE(what);
            CAPTURE(is_killed);
            const temp_dir directory;
            const auto file = directory / "events.db";
            std::optional<sqlite_store> store;
            service other(directory.path, {[&] {
                                               store.emplace(sqlite_store::open(file));
                                               tell(directory / "first", try_append(*store));
                                               read(file);
                                           },
                                           [&] {
                                               tell(directory / "second", try_append(*store, 2));
                                               if (!is_killed) store.reset();
                                           }});
            other.step();
            CHECK(told(directory / "first") == "acknowledged");
            for (int i = 0; i < 3; ++i) CHECK(sqlite_store::open(file).head().value == 1);
            CHECK(fs::exists(file.string() + "-wal"));
            other.step();
            CHECK(told(directory / "second") == "acknowledged");
            other.kill();
            CHECK(events_in(file) == 3);
            CHECK_FALSE(fs::exists(file.string() + "-wal"));  // now this was the last one
        }
}

TEST_CASE("a process that reads a store file by other means keeps the log while it has the store open read-only") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    std::optional<sqlite_store> writer{sqlite_store::open(file)};
    CHECK(try_append(*writer) == "acknowledged");
    std::optional<sqlite_store> store;
    service reader(directory.path,
                   {[&] {
                        store.emplace(sqlite_store::open_read_only(file));
                        read_all_of(file);
                    },
                    [&] { tell(directory / "head", std::to_string(store->head().value)); }, [&] { store.reset(); }});
    reader.step();
    CHECK(try_append(*writer) == "acknowledged");
    writer.reset();
    CHECK(fs::exists(file.string() + "-wal"));
    reader.step();
    CHECK(told(directory / "head") == "2");
    reader.step();
    CHECK(events_in(file) == 2);
    CHECK_FALSE(fs::exists(file.string() + "-wal"));
}

TEST_CASE(
    "a log that another program has removed as the last one is noticed, and nothing that was acknowledged is lost") {
    for (const bool is_killed : {true, false}) {
        CAPTURE(is_killed);
        const temp_dir directory;
        const auto file = directory / "events.db";
        std::optional<sqlite_store> store;
        service other(directory.path, {[&] {
                                           store.emplace(sqlite_store::open(file));
                                           tell(directory / "first", try_append(*store));
                                           read_all_of(file);
                                       },
                                       [&] {
                                           tell(directory / "second", try_append(*store));
                                           tell(directory / "third", try_append(*store));
                                           if (!is_killed) store.reset();
                                       }});
        other.step();
        run_sql(file, "CREATE TABLE made_by_another_program (x)");
        REQUIRE_FALSE(fs::exists(file.string() + "-wal"));
        other.step();
        CHECK(told(directory / "first") == "acknowledged");
        CHECK(told(directory / "second").starts_with("io: " + file.string() + "-wal: was removed or replaced"));
        CHECK(told(directory / "third").starts_with("closed: "));
        other.kill();
        CHECK(ask_sql(file, "SELECT count(*) FROM made_by_another_program") == "0");
        CHECK(events_in(file) == 1);
    }
}

TEST_CASE(
    "a log or index that is removed or replaced by hand stops its store, which saves what it has when it closes") {
    const auto remove = [](const fs::path& file, const char* suffix) { REQUIRE(fs::remove(file.string() + suffix)); };
    const auto replace = [](const fs::path& file, const char* suffix) {
        fs::copy_file(file.string() + suffix, file.string() + ".new");
        fs::rename(file.string() + ".new", file.string() + suffix);
    };
    const std::map<std::string, std::function<void(const fs::path&)>> losses{
        {"log removed", [&](const auto& file) { remove(file, "-wal"); }},
        {"index removed", [&](const auto& file) { remove(file, "-shm"); }},
        {"both removed", [&](const auto& file) { remove(file, "-wal"), remove(file, "-shm"); }},
        {"log replaced by a copy", [&](const auto& file) { replace(file, "-wal"); }},
        {"index replaced by a copy", [&](const auto& file) { replace(file, "-shm"); }},
        {"log replaced by an empty file",
         [&](const auto& file) { remove(file, "-wal"), std::ofstream(file.string() + "-wal").flush(); }},
    };
    for (const auto& [what, lose] : losses)
        for (const bool is_late : {false, true}) {
            CAPTURE(what);
            CAPTURE(is_late);
            const temp_dir directory;
            const auto file = directory / "events.db";
            // In a process of its own: within one, SQLite knows files by their numbers.
            const auto said = in_child([&]() -> std::string {
                std::function<void()> now;
                stele::sqlite_options options{.idle_readers = 0};
                options.now = [&] {
                    if (now) std::exchange(now, nullptr)();
                    return stele::timestamp{};
                };
                auto store = sqlite_store::open(file, options);
                if (const auto first = try_append(store, 3); first != "acknowledged") return first;
                if (is_late)  // after the look before the commit
                    now = [&] { lose(file); };
                else
                    lose(file);
                const auto second = try_append(store);
                if (!second.starts_with("io: ") || second.find("was removed or replaced") == std::string::npos)
                    return "second: " + second;
                if (const auto third = try_append(store); !third.starts_with("closed: ")) return "third: " + third;
                // No new reader makes another log, or reads one that lacks events.
                const bool had_log = fs::exists(file.string() + "-wal");
                const auto read = error_of([&] { (void)store.head(); });
                if (read.kind != error_kind::io || fs::exists(file.string() + "-wal") != had_log) return read.message;
                return "noticed";
            });
            CHECK(said == "noticed");
            const auto left = events_in(file);
            CHECK(left >= 3);
            CHECK(left <= (is_late ? 4 : 3));
        }
}

TEST_CASE("a store without its log takes nothing from those who have written to the file since") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    std::optional<sqlite_store> store;
    service other(directory.path, {[&] {
                                       store.emplace(sqlite_store::open(file));
                                       tell(directory / "first", try_append(*store, 3));
                                       for (const auto* const suffix : {"-wal", "-shm"})
                                           fs::remove(file.string() + suffix);
                                       read_all_of(file);  // nobody else sees that it has the file open
                                   },
                                   [&] { store.reset(); }});
    other.step();
    std::uint64_t expected = 0;
    SUBCASE("another program") {
        run_sql(file, "CREATE TABLE made_by_another_program (x)");
        other.step();
        CHECK(ask_sql(file, "SELECT count(*) FROM made_by_another_program") == "0");
    }
    SUBCASE("a process of the library that was killed") {
        CHECK(in_child([&]() -> std::string {
                  auto second = sqlite_store::open(file);
                  if (const auto said = try_append(second); said != "acknowledged") return said;
                  ::kill(::getpid(), SIGKILL);
                  return {};
              }) == "was ended by signal 9");
        other.step();
        expected = 1;
    }
    SUBCASE("a process of the library that has it open") {
        auto second = sqlite_store::open(file);
        CHECK(try_append(second) == "acknowledged");
        other.step();
        CHECK(try_append(second) == "acknowledged");
        expected = 2;
    }
    CHECK(events_in(file) == expected);
    CHECK(ask_sql(file, "PRAGMA integrity_check") == "ok");
}
