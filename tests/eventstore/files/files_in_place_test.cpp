// A store whose files are taken away, or have something else in their place.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
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

void append(sqlite_store& store, const std::string& stream, int count) {
    for (int i = 0; i < count; ++i) store.append(stream_id{stream}, expected_version::any(), make_events(1)).value();
}

std::string without_log(const fs::path& file) {
    for (const auto* const suffix : {"-wal", "-shm"}) fs::remove(file.string() + suffix);
    return file;
}

// How many events of each stream there are, of a sound store.
std::map<std::string, int> counts_of(const fs::path& file) {
    auto store = sqlite_store::open(file);
    std::map<std::string, int> counts;
    for (const auto& event : store.read_all().events()) ++counts[std::string{event.stream}];
    CHECK(store.verify().is_sound());
    return counts;
}

struct end {
    const char* what;
    bool is_killed;
};

}  // namespace

// The one who had it open is alone with the log, and whoever opens the file that is there now must not lose by what the
// first does at its end.
TEST_CASE("who closes a store whose file was replaced takes nothing from those who use the file that is there now") {
    for (const auto& [what, is_killed] : {end{"closed", false}, end{"killed", true}})
        for (const bool keeps_log : {false, true}) {
            CAPTURE(what);
            CAPTURE(keeps_log);
            const temp_dir directory;
            const auto file = directory / "events.db";
            const auto old = directory / "old.db";
            {
                auto store = sqlite_store::open(file);
                append(store, "early-1", 2);
                store.backup(directory / "copy.db");
            }
            // In a process of its own, as SQLite knows files within one process.
            int ready[2], go[2];
            REQUIRE(::pipe(ready) == 0);
            REQUIRE(::pipe(go) == 0);
            child first([&]() -> std::string {
                auto store = sqlite_store::open(file);
                append(store, "late-1", 3);
                char byte = 'r';
                if (::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1) return "no byte";
                const auto refused = error_of([&] { append(store, "lost-1", 1); });
                return refused.says("moved, deleted or replaced") ? "refused" : refused.message;
            });
            ::close(ready[1]);
            char byte = 0;
            REQUIRE(::read(ready[0], &byte, 1) == 1);  // nothing comes if it has ended
            ::close(ready[0]);
            fs::rename(file, old);
            fs::rename(directory / "copy.db", file);
            if (!keeps_log) without_log(file);
            std::optional<sqlite_store> second;
            // The log has all that the copy lacks, so it fits.
            // It reads nothing in between, so its log may begin again with the next append.
            second.emplace(sqlite_store::open(file, {.idle_readers = 0}));
            append(*second, "new-1", 4);
            if (is_killed)
                first.kill();
            else
                REQUIRE(::write(go[1], "x", 1) == 1);
            if (!is_killed) CHECK(first.answer() == "refused");
            ::close(go[0]), ::close(go[1]);
            append(*second, "new-1", 8);
            second.reset();
            auto expected = std::map<std::string, int>{{"early-1", 2}, {"new-1", 12}};
            if (keeps_log) expected["late-1"] = 3;
            CHECK(counts_of(file) == expected);
            CHECK(counts_of(old).at("early-1") == 2);
        }
}

TEST_CASE("a file that was moved and put back has everything that was acknowledged") {
    for (const auto* const lost : {"", "-lock"}) {
        CAPTURE(lost);
        const temp_dir directory;
        const auto file = directory / "events.db";
        const auto away = directory / "away";
        {
            auto store = sqlite_store::open(file);
            append(store, "a-1", 5);
            fs::rename(file.string() + lost, away);
            CHECK(error_of([&] { append(store, "a-1", 1); }).kind == error_kind::io);
        }
        const bool is_main = std::string_view{lost}.empty();
        if (is_main) CHECK(counts_of(away).at("a-1") == 5);
        fs::rename(away, file.string() + lost);
        CHECK(counts_of(file) == std::map<std::string, int>{{"a-1", 5}});
    }
}

TEST_CASE("what is no file in the place of a file of SQLite is told at once, and is left") {
    const std::map<std::string, std::function<void(const fs::path&)>> obstacles{
        {"a symbolic link", [](const fs::path& place) { fs::create_symlink("victim", place); }},
        {"a fifo", [](const fs::path& place) { REQUIRE(::mkfifo(place.c_str(), 0600) == 0); }},
        {"a directory", [](const fs::path& place) { fs::create_directory(place); }},
        {"a socket",
         [](const fs::path& place) {
             sockaddr_un name{};
             name.sun_family = AF_UNIX;
             REQUIRE(place.native().size() < sizeof name.sun_path);
             std::memcpy(name.sun_path, place.c_str(), place.native().size());
             const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
             REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
             ::close(made);
         }},
    };
    const std::map<std::string, std::function<void(const fs::path&)>> users{
        {"open", [](const fs::path& file) { (void)sqlite_store::open(file); }},
        {"open_read_only", [](const fs::path& file) { (void)sqlite_store::open_read_only(file); }},
    };
    for (const bool is_new : {false, true})
        for (const std::string suffix : {"-wal", "-shm", "-journal", "-lock"})
            for (const auto& [what, put] : obstacles)
                for (const auto& [name, use] : users) {
                    // Who only reads a closed store does not need its lock.
                    if (name == "open_read_only" && (is_new || suffix == "-lock")) continue;
                    CAPTURE(is_new);
                    CAPTURE(suffix);
                    CAPTURE(what);
                    CAPTURE(name);
                    const temp_dir directory;
                    const auto file = directory / "events.db";
                    const auto place = directory / ("events.db" + suffix);
                    if (!is_new) {
                        auto store = sqlite_store::open(file);
                        append(store, "a-1", 1);
                    }
                    if (suffix == "-lock") fs::remove(place);
                    put(place);
                    const auto said = in_child([&] {
                        const auto fault = error_of([&] { use(file); });
                        return fault.kind == error_kind::foreign_file ? fault.message : "another: " + fault.message;
                    });
                    CHECK(said.starts_with(place.string() + ": is " + what + ", not a regular file"));
                    CHECK_FALSE(fs::exists(directory / "victim"));
                    CHECK(fs::symlink_status(place).type() != fs::file_type::not_found);
                    fs::remove(place);
                    if (!is_new) CHECK(counts_of(file).at("a-1") == 1);
                }
}

TEST_CASE("a file that is moved, deleted or replaced under a store takes no more appends") {
    using action = std::function<void(const fs::path& file)>;
    const std::vector<std::pair<std::string, action>> actions{
        {"moved", [](const auto& file) { fs::rename(file, file.string() + ".old"); }},
        {"deleted", [](const auto& file) { fs::remove(file); }},
        {"replaced",
         [](const auto& file) {
             fs::copy_file(file, file.string() + ".copy");
             fs::rename(file.string() + ".copy", file);
         }},
        {"its lock deleted", [](const auto& file) { fs::remove(file.string() + "-lock"); }},
        {"its lock replaced", [](const auto& file) {
             std::ofstream{file.string() + "-new"} << "x";
             fs::rename(file.string() + "-new", file.string() + "-lock");
         }}};
    for (const auto& [what, act] : actions) {
        CAPTURE(what);
        const temp_dir directory;
        auto store = sqlite_store::open(directory / "a.db", {.idle_readers = 0});
        REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
        act(directory / "a.db");
        const auto fault =
            error_of([&] { (void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)); });
        CHECK(fault.kind == error_kind::io);
        CHECK(fault.says("moved, deleted or replaced"));
        const auto after = [&](const std::function<void()>& use) { return error_of(use).kind; };
        CHECK(after([&] { (void)store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)); }) ==
              error_kind::closed);
        CHECK(after([&] { store.compact(); }) == error_kind::closed);
        if (what.starts_with("its")) continue;
        CHECK(after([&] { (void)store.head(); }) == error_kind::io);
    }
}
