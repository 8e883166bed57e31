// Users who share a directory do not lock one another out: who may not write a store or read model is refused before
// anything is made, and is told which file it is, whose, and what to do.

#include "support/board.hpp"
#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

using namespace testing;
namespace fs = std::filesystem;

namespace {

constexpr uid_t owner = 54321, guest = 54322;
constexpr gid_t shared = 54320;  // both are in it

bool is_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("skipped: only the superuser can become other users");
    return false;
}

// What `work` returns, done by that user, whose files get the group `primary`.
std::string as(uid_t user, gid_t primary, const std::function<std::string()>& work) {
    return in_child([&]() -> std::string {
        if (user != 0 && (::setgroups(1, &shared) != 0 || ::setgid(primary) != 0 || ::setuid(user) != 0))
            return "cannot become the user";
        ::umask(022);
        try {
            return work();
        } catch (const stele::error& fault) {
            return fmt::format("{}: {}", stele::to_string(fault.kind()), fault.what());
        }
    });
}

std::string append_to(const fs::path& file) {
    auto store = stele::sqlite_store::open(file);
    store.append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(1)).value();
    return "appended";
}

// A directory that both may write, and in it a store of the owner, which nobody has open.
struct shared_store {
    temp_dir outer;
    fs::path directory = outer / "shared";
    fs::path file = directory / "events.db";

    shared_store(unsigned directory_mode, unsigned file_mode, gid_t primary = shared) {
        REQUIRE(::chmod(outer.path.c_str(), 0755) == 0);
        fs::create_directory(directory);
        REQUIRE(::chown(directory.c_str(), owner, shared) == 0);
        REQUIRE(::chmod(directory.c_str(), directory_mode) == 0);
        REQUIRE(as(owner, primary, [&] { return append_to(file); }) == "appended");
        for (const auto* const suffix : {"", "-lock"}) {
            REQUIRE(::chown((file.string() + suffix).c_str(), owner, shared) == 0);
            REQUIRE(::chmod((file.string() + suffix).c_str(), *suffix == 0 ? file_mode : 0660) == 0);
        }
    }
};

std::map<std::string, uid_t> owners_in(const fs::path& directory) {
    std::map<std::string, uid_t> owners;
    for (const auto& entry : fs::directory_iterator(directory)) {
        struct stat found{};
        REQUIRE(::lstat(entry.path().c_str(), &found) == 0);
        owners.emplace(entry.path().filename(), found.st_uid);
    }
    return owners;
}

void make_file_of(uid_t user, const fs::path& file, const std::string& content) {
    std::ofstream(file) << content;
    REQUIRE(::chown(file.c_str(), user, shared) == 0);
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
}

}  // namespace

TEST_CASE("whatever another user does, the owner of a store appends afterwards, and meanwhile") {
    if (!is_root()) return;
    for (const unsigned directory_mode : {0770U, 02770U})
        for (const unsigned file_mode : {0600U, 0640U, 0660U})
            for (const gid_t primary : {shared, gid_t{54323}})
                for (const bool has_lock : {true, false})
                    for (const uid_t user : {guest, uid_t{0}}) {
                        CAPTURE(directory_mode);
                        CAPTURE(file_mode);
                        CAPTURE(primary);
                        CAPTURE(has_lock);
                        CAPTURE(user);
                        const shared_store place(directory_mode, file_mode);
                        if (!has_lock) fs::remove(place.file.string() + "-lock");
                        const auto before = owners_in(place.directory);
                        const auto said = as(user, primary, [&] {
                            auto store = stele::sqlite_store::open(place.file);
                            append_to(place.file);
                            return "appended";
                        });
                        INFO(said);
                        const bool may_write = user == 0 || file_mode == 0660;
                        CHECK((said == "appended") == may_write);
                        if (!may_write) {
                            CHECK(said.starts_with("io: " + place.file.string() + ": "));
                            CHECK(owners_in(place.directory) == before);
                        } else {
                            // The owner opens it while the other one has it open.
                            int go[2];
                            REQUIRE(::pipe(go) == 0);
                            child other([&]() -> std::string {
                                return as(user, primary, [&]() -> std::string {
                                    auto store = stele::sqlite_store::open(place.file);
                                    append_some(store, 1);
                                    fs::create_directory(place.directory / "ready");
                                    char byte = 0;
                                    return ::read(go[0], &byte, 1) == 1 ? "done" : "no byte";
                                });
                            });
                            while (!fs::exists(place.directory / "ready")) ::usleep(1000);
                            CHECK(as(owner, shared, [&] { return append_to(place.file); }) == "appended");
                            REQUIRE(::write(go[1], "x", 1) == 1);
                            CHECK(other.answer() == "done");
                            ::close(go[0]), ::close(go[1]);
                        }
                        CHECK(as(owner, shared, [&] { return append_to(place.file); }) == "appended");
                    }
}

TEST_CASE("a file of somebody else beside the store is named, with what can safely be done") {
    if (!is_root()) return;
    struct row {
        const char* suffix;
        const char* content;
        bool may_be_removed;
    };
    for (const auto& [suffix, content, may_be_removed] :
         {row{"-wal", "", true}, row{"-wal", "commits that are nowhere else", false}, row{"-shm", "", true},
          row{"-journal", "", false}, row{"-lock", "", true}})
        for (const bool is_new : {false, true}) {
            CAPTURE(suffix);
            CAPTURE(content);
            CAPTURE(is_new);
            const shared_store place(02770, 0660);
            if (is_new) fs::remove(place.file);
            const auto foreign = place.file.string() + suffix;
            make_file_of(guest, foreign, content);
            const auto before = owners_in(place.directory);
            const auto said = as(owner, shared, [&] { return append_to(place.file); });
            CHECK(owners_in(place.directory) == before);
            if (is_new && said.starts_with("corrupt: ")) continue;  // a log without its file
            INFO(said);
            CHECK(said.starts_with(
                fmt::format("io: {}: user {} may not write it: it belongs to user {} and group {} and has the rights "
                            "0640; ",
                            foreign, owner, guest, shared)));
            CHECK(said.ends_with("; nothing was made or changed"));
            CHECK((said.find("do not remove it") == std::string::npos) == may_be_removed);
            CHECK((said.find("end every program that uses " + place.file.string()) != std::string::npos) ==
                  may_be_removed);
            if (!may_be_removed) continue;
            fs::remove(foreign);
            CHECK(as(owner, shared, [&] { return append_to(place.file); }) == "appended");
        }
}

TEST_CASE("what SQLite may not write is named also if its rights are lost after the file was opened") {
    if (!is_root()) return;
    const shared_store place(02770, 0660);
    child user([&] {
        return as(owner, shared, [&]() -> std::string {
            stele::detail::connection db{place.file, stele::detail::open_mode::write};
            fs::create_directory(place.directory / "opened");
            while (!fs::exists(place.directory / "lost")) ::usleep(1000);
            db.execute("BEGIN IMMEDIATE");
            return "begun";
        });
    });
    while (!fs::exists(place.directory / "opened")) ::usleep(1000);
    make_file_of(guest, place.file.string() + "-wal", "");  // SQLite opens the log with the first statement
    fs::create_directory(place.directory / "lost");
    const auto said = user.answer();
    INFO(said);
    CHECK(said.find("attempt to write a readonly database") != std::string::npos);
    CHECK(said.find("events.db-wal: user 54321 may not write it") != std::string::npos);
    CHECK(said.find("still has 0 bytes") != std::string::npos);
}

TEST_CASE("who may not write a read model is refused before anything is made, and its owner goes on") {
    if (!is_root()) return;
    const temp_dir outer;
    REQUIRE(::chmod(outer.path.c_str(), 0755) == 0);
    const auto directory = outer / "shared";
    fs::create_directory(directory);
    REQUIRE(::chown(directory.c_str(), owner, shared) == 0);
    REQUIRE(::chmod(directory.c_str(), 02770) == 0);
    const auto run = [&] {
        stele::memory_store store;
        append(store, 1, opened("one"));
        stele::projection_runner runner{store, directory / "read", {.connection = {.file_mode = fs::perms{0640}}}};
        runner.add<totals>();
        runner.rebuild<totals>();
        return std::string{"built"};
    };
    REQUIRE(as(owner, shared, run) == "built");
    REQUIRE(::chmod((directory / "read").c_str(), 02770) == 0);
    REQUIRE(::chmod((directory / "read" / "runner.lock").c_str(), 0660) == 0);
    const auto before = owners_in(directory / "read");
    const auto said = as(guest, shared, run);
    INFO(said);
    CHECK(said.starts_with(fmt::format("io: {}", (directory / "read" / "totals.").string())));
    CHECK(said.find(fmt::format("user {} may not write it", guest)) != std::string::npos);
    CHECK(owners_in(directory / "read") == before);
    CHECK(as(owner, shared, run).find("may not write") == std::string::npos);
}

TEST_CASE("a snapshot that replaces another has the rights of that one") {
    const temp_dir directory;
    stele::memory_store store;
    append_some(store, 20);
    const auto snapshot = [&] {
        stele::projection_runner runner{store, directory.path};
        runner.add<board>();
        runner.catch_up();
        runner.take_snapshot<board>();
    };
    snapshot();
    fs::path file;
    for (const auto& entry : fs::directory_iterator(directory.path))
        if (entry.path().filename() != "runner.lock") file = entry.path();
    fs::permissions(file, fs::perms{0664});
    append_some(store, 20, 2);
    snapshot();
    CHECK(fs::status(file).permissions() == fs::perms{0664});
}

TEST_CASE("a directory that is made keeps the group of the one above it") {
    for (const unsigned file_mode : {0600U, 0660U})
        for (const unsigned above : {0770U, 02770U}) {
            CAPTURE(file_mode);
            CAPTURE(above);
            const temp_dir outer;
            REQUIRE(::chmod(outer.path.c_str(), above) == 0);
            stele::memory_store store;
            const stele::projection_runner runner{
                store, outer / "one" / "two", {.connection = {.file_mode = fs::perms{file_mode}}}};
            for (const auto& made : {outer / "one", outer / "one" / "two"}) {
                struct stat found{};
                REQUIRE(::stat(made.c_str(), &found) == 0);
                CHECK((found.st_mode & 07777) == ((above & 02000) | (file_mode == 0600 ? 0700 : 0770)));
            }
        }
}
