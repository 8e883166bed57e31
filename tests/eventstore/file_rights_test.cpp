// Files have exactly the rights that were asked for, whatever the umask is, and those of one store have the same.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace testing;
namespace fs = std::filesystem;

namespace {

unsigned rights(const fs::path& file) {
    struct stat found{};
    REQUIRE(::lstat(file.c_str(), &found) == 0);
    return found.st_mode & 07777;
}

class umask_of_test {
public:
    explicit umask_of_test(mode_t mask) : before_(::umask(mask)) {}
    umask_of_test(const umask_of_test&) = delete;
    umask_of_test& operator=(const umask_of_test&) = delete;
    ~umask_of_test() { ::umask(before_); }

private:
    mode_t before_;
};

// Makes each kind of file that there is, and checks all that are in the directory while they are open.
void make_all(const fs::path& directory, const stele::connection_options& connection, unsigned mode,
              unsigned directory_mode) {
    auto store = stele::sqlite_store::open(directory / "events.db", {.connection = connection});
    append_some(store, 20);
    store.backup(directory / "copy.db");
    stele::projection_runner_options options;
    options.connection = connection;
    stele::projection_runner runner{store, directory / "above" / "read", options};
    runner.add<totals>();
    runner.add<board>();
    runner.catch_up();
    runner.take_snapshot<board>();

    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (entry.is_symlink()) continue;
        CAPTURE(entry.path());
        CHECK(rights(entry.path()) == (entry.is_directory() ? directory_mode : mode));
        files += entry.is_directory() ? 0 : 1;
    }
    CHECK(files >= 9);  // store, -wal, -shm, -lock; copy; runner.lock, snapshot; read model, -wal
}

}  // namespace

TEST_CASE("every file and directory that is made has exactly the rights that were asked for") {
    struct row {
        unsigned mode;
        unsigned directory_mode;
    };
    for (const mode_t mask : {0000U, 0022U, 0077U})
        for (const auto& [mode, directory_mode] : {row{0600, 0700}, row{0660, 0770}, row{0644, 0755}}) {
            CAPTURE(mask);
            CAPTURE(mode);
            const umask_of_test here(mask);
            const temp_dir directory;
            stele::connection_options connection;
            if (mode != 0600) connection.file_mode = fs::perms{mode};  // the default
            make_all(directory.path, connection, mode, directory_mode);
        }
}

TEST_CASE("a file that exists keeps its rights, and its lock and its backup take them") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
    }
    fs::permissions(file, fs::perms{0640});
    fs::remove(file.string() + "-lock");
    auto store = stele::sqlite_store::open(file);
    append_some(store, 1);
    store.backup(directory / "copy.db");
    for (const auto* const name : {"events.db", "events.db-wal", "events.db-shm", "events.db-lock", "copy.db"}) {
        CAPTURE(name);
        CHECK(rights(directory / name) == 0640);
    }
}

TEST_CASE("with rights for the group, another user of it appends while the first has the store open") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become other users");
        return;
    }
    constexpr gid_t group = 54321;
    const temp_dir directory;
    REQUIRE(::chown(directory.path.c_str(), 0, group) == 0);
    REQUIRE(::chmod(directory.path.c_str(), 02770) == 0);
    const auto append_as = [&](uid_t user, bool in_group) {
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const gid_t mine = in_group ? group : user;
            if (::setgroups(0, nullptr) != 0 || ::setgid(mine) != 0 || ::setuid(user) != 0) ::_exit(3);
            try {
                auto store =
                    stele::sqlite_store::open(directory / "events.db", {.connection = {.file_mode = fs::perms{0660}}});
                append_some(store, 1);
            } catch (...) {
                ::_exit(1);
            }
            ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        return WEXITSTATUS(status);
    };
    CHECK(append_as(54322, true) == 0);
    CHECK(append_as(54323, true) == 0);
    CHECK(append_as(54324, false) == 1);
    auto store = stele::sqlite_store::open(directory / "events.db");
    CHECK(append_as(54323, true) == 0);
    CHECK(store.head().value >= 3);
}
