// The power fails at every point of an upgrade: the disk that it may leave holds a whole store under its name, which is
// upgraded then, and the old file is kept.
//
// The changes that SQLite makes are recorded by its VFS, those of the upgrade itself by the functions below, which it
// calls in place of those of the C library. To repeat one cut: STELE_SEED=N STELE_CUT=N, as a failure prints it.

#include "faults/tools/disk.hpp"
#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/upgrade/upgrade_case.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

using namespace testing;

namespace {

fault_vfs* recorder = nullptr;

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string name_of(int descriptor) {
    char name[4096];
    const auto size = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), name, sizeof name);
    return {name, size > 0 ? static_cast<std::size_t>(size) : 0};
}

bool is_of_lock(const std::string& name) {
    return name.ends_with("-lock");  // it holds nothing that counts
}

}  // namespace

extern "C" int link(const char* from, const char* to) {
    static auto* const real = next<int(const char*, const char*)>("link");
    const int code = real(from, to);
    if (code == 0 && recorder != nullptr) recorder->note_link(from, to);
    return code;
}

extern "C" int rename(const char* from, const char* to) {
    static auto* const real = next<int(const char*, const char*)>("rename");
    const int code = real(from, to);
    if (code == 0 && recorder != nullptr) recorder->note_rename(from, to);
    return code;
}

// SQLite removes files by this, too, and its VFS has noted that: then there is nothing to note.
extern "C" int unlink(const char* name) {
    static auto* const real = next<int(const char*)>("unlink");
    const int code = real(name);
    if (code == 0 && recorder != nullptr) recorder->note_unlink(name);
    return code;
}

// Those of SQLite do not come here: its VFS passes no sync on.
extern "C" int fsync(int descriptor) {
    struct stat found{};
    if (recorder != nullptr && ::fstat(descriptor, &found) == 0) {
        if (S_ISDIR(found.st_mode))
            recorder->note_directory_sync();
        else if (const auto name = name_of(descriptor); !is_of_lock(name))
            recorder->note_sync(name);
    }
    return 0;
}

TEST_CASE("the power may fail at every point of an upgrade") {
    const upgrade_case old([](auto& store) {
        fill_old_store(store, 4);
        add_others(store);
    });
    std::vector<disk_change> changes;
    {
        fault_vfs vfs;
        old.put_back();
        recorder = &vfs;
        vfs.record();
        static_cast<void>(stele::detail::upgrade_if_needed(old.file(), {.connection = {.vfs = vfs.name()}}));
        recorder = nullptr;
        changes = vfs.recording();
    }
    REQUIRE(changes.size() > 50);
    REQUIRE(old.problem_after_upgrade() == "");
    const auto only = environment_number("STELE_CUT");
    disk_model disk(old.before());
    std::uint64_t cuts = 0;
    for (std::size_t cut = 0; cut <= changes.size(); ++cut) {
        if (cut > 0) disk.apply(changes[cut - 1]);
        if (only ? *only != cut : (cut + run_seed()) % one_in() != 0) continue;
        std::vector images{disk.only_safe(), disk.everything()};
        for (std::uint64_t i = 0; i < 4; ++i) images.push_back(disk.random_part(run_seed() + cut * 4 + i));
        for (const auto& image : images) {
            INFO("STELE_SEED=" << run_seed() << " STELE_CUT=" << cut << " after "
                               << (cut > 0 ? to_string(changes[cut - 1]) : std::string("nothing")));
            old.put(image);
            REQUIRE(old.problem_after_kill() == "");
            static_cast<void>(stele::detail::upgrade_if_needed(old.file(), {}));
            REQUIRE(old.problem_after_upgrade() == "");
            ++cuts;
        }
    }
    MESSAGE(cuts << " disks after " << changes.size() << " changes");
}

static const bool is_prepared = [] {
    if (std::filesystem::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);  // syncs cost nothing there
    return true;
}();
