// A store is no archive: who mistakes one for the other is told so, and the locks of SQLite stay.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <fcntl.h>

using namespace testing;
namespace fs = std::filesystem;

namespace {

/// Whether this process has a lock on the file, as another one sees it.
bool is_locked(const fs::path& file) {
    const auto answer = in_child([&] {
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        struct flock lock{};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        if (descriptor < 0 || ::fcntl(descriptor, F_GETLK, &lock) != 0) return "cannot be asked";
        return lock.l_type == F_UNLCK ? "free" : "locked";
    });
    REQUIRE((answer == "free" || answer == "locked"));
    return answer == "locked";
}

}  // namespace

TEST_CASE("the file of an open store is not taken for an archive, and keeps its locks") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file);
    REQUIRE(store.append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(3)));
    REQUIRE(is_locked(file));
    const auto shm = fs::path{file.string() + "-shm"};
    const bool shm_is_locked = is_locked(shm);
    for (const std::string suffix : {"", "-shm", "-wal"}) {
        const fs::path taken{file.string() + suffix};
        const std::vector<stele::retention_policy> policies{{.category = "a", .keep_events = 1}};
        CHECK(error_of([&] { (void)stele::apply_retention(store, policies, {.archive = taken}); }).kind ==
              stele::error_kind::foreign_file);
        CHECK(error_of([&] { (void)stele::verify_archive(taken); }).kind == stele::error_kind::foreign_file);
        CHECK(error_of([&] { (void)stele::read_archive(taken); }).kind == stele::error_kind::foreign_file);
        CHECK(is_locked(file));
        CHECK(is_locked(shm) == shm_is_locked);
    }
    REQUIRE(store.append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(1)));
    CHECK(store.head().value == 4);
}
