// Reading a file must not release the locks that show other processes that it is in use.

#include "support/projections.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace testing;

namespace {

// Whether another process sees the file in use: SQLite's shared lock is on 510 bytes after the first gigabyte.
bool in_use(const std::filesystem::path& file) {
    const auto child = ::fork();
    if (child == 0) {
        struct flock wanted = {};
        wanted.l_type = F_WRLCK;
        wanted.l_whence = SEEK_SET;
        wanted.l_start = 0x40000002;
        wanted.l_len = 510;
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        if (descriptor < 0 || ::fcntl(descriptor, F_GETLK, &wanted) != 0) ::_exit(2);
        ::_exit(wanted.l_type == F_UNLCK ? 1 : 0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a read model keeps its lock when the process opens and closes it elsewhere") {
    stele::memory_store store;
    append_some(store, 10);
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    const auto file = directory / "totals.1.db";
    CHECK(in_use(file));
    {
        const auto reader = stele::read_model::open_read_only(directory / "totals.db");
    }
    CHECK(in_use(file));
    {
        auto reader = stele::read_model::open_read_only(directory / "totals.db");
        reader.attach(directory / "totals.db", "twice");
    }
    CHECK(in_use(file));
}

TEST_CASE("a store keeps its lock when the process opens and closes it a second time") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file);
    append_some(store, 10);
    CHECK(in_use(file));
    {
        auto second = stele::sqlite_store::open(file);
        CHECK(second.head() == stele::position{10});
    }
    CHECK(in_use(file));
}
