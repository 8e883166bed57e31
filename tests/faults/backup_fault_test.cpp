// Each disk call during a backup fails once: there is a complete copy under the name or none, and the store keeps
// working.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/labelled.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>

using stele::expected_version;
using stele::stream_id;

namespace {

constexpr std::uint32_t appends = 20;

struct fault_kind {
    disk_call call;
    int code;
    stele::error_kind expected;
};

constexpr fault_kind fault_kinds[] = {
    {disk_call::read, SQLITE_IOERR_READ, stele::error_kind::io},
    {disk_call::write, SQLITE_IOERR_WRITE, stele::error_kind::io},
    {disk_call::write, SQLITE_FULL, stele::error_kind::full},
    {disk_call::sync, SQLITE_IOERR_FSYNC, stele::error_kind::io},
    {disk_call::open, SQLITE_CANTOPEN, stele::error_kind::io},
    {disk_call::truncate, SQLITE_IOERR_TRUNCATE, stele::error_kind::io},
};

// A file of an unfinished backup, or nothing.
std::string left_beside(const std::filesystem::path& to) {
    for (const auto& entry : std::filesystem::directory_iterator(to.parent_path())) {
        const auto name = entry.path().filename().string();
        if (name.find("partial") != std::string::npos) return name;
    }
    return {};
}

// What is wrong with the handling of the fault, or nothing.
std::string problem_with(fault_vfs& vfs, stele::sqlite_store& store, const std::filesystem::path& to,
                         const fault_kind& kind, std::uint64_t nth) {
    bool failed = false;
    vfs.fail({kind.call, nth, kind.code});
    try {
        store.backup(to);
    } catch (const stele::error& fault) {
        failed = true;
        if (fault.kind() != kind.expected || std::string_view(fault.what()).find(".db") == std::string_view::npos)
            return fmt::format("({}) {}", to_string(fault.kind()), fault.what());
    }
    vfs.heal();
    if (failed == std::filesystem::exists(to)) return failed ? "it failed, and is there" : "it is not there";
    if (const auto left = left_beside(to); !left.empty()) return left + " is left";
    if (failed) store.backup(to);
    auto copy = stele::sqlite_store::open(to, {.connection = {.vfs = vfs.name()}});
    if (read_whole(copy).appends.size() != appends) return "the copy is not whole";
    return {};
}

}  // namespace

TEST_CASE("each call to the disk may fail during a backup") {
    fault_vfs vfs;
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db", {.connection = {.vfs = vfs.name()}});
    for (std::uint32_t n = 0; n < appends; ++n)
        REQUIRE(store.append(stream_id{"order", std::to_string(n % 3)}, expected_version::any(),
                             make_labelled({0, 0, n}, {1, 4, 2})));
    const auto to = directory / "backup.db";
    std::vector<std::string> problems;
    std::uint64_t faults = 0;
    for (const auto& kind : fault_kinds) {
        vfs.heal();
        store.backup(to);
        const auto calls = vfs.calls(kind.call);
        for (std::uint64_t n = 1; n <= calls; ++n, ++faults) {
            std::filesystem::remove(to);
            const auto problem = problem_with(vfs, store, to, kind, n);
            if (!problem.empty())
                problems.push_back(fmt::format("{} {} fails with {}: {}", to_string(kind.call), n, kind.code, problem));
        }
        std::filesystem::remove(to);
    }
    for (const auto& each : problems) MESSAGE(each);
    CHECK(problems.empty());
    MESSAGE(faults << " faults");
    CHECK(store.append(stream_id{"order-1"}, expected_version::any(), make_labelled({0, 0, appends}, {1})));
    CHECK(read_whole(store).appends.size() == appends + 1);
}
