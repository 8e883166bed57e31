// Each call that an upgrade makes about a file, and each call of SQLite to its disk, fails once. Either the store is
// upgraded nevertheless, or nothing has changed, and a stele::error says why; the next upgrade is complete.

#include "faults/tools/failing_calls.hpp"
#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/in_child.hpp"
#include "support/upgrade/upgrade_case.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <optional>
#include <random>

using namespace testing;
using stele::error_kind;
namespace fs = std::filesystem;

namespace {

constexpr std::array reasons{EIO, EACCES, ENOSPC, EMFILE, ENAMETOOLONG, ELOOP};

void fill_small(old_store_writer& store) {
    fill_old_store(store, 4);
    add_others(store);
}

/// What an upgrade threw; nothing if it ended well.
std::optional<stele::error> upgrade(const upgrade_case& old, const stele::sqlite_options& options = {}) {
    try {
        static_cast<void>(stele::detail::upgrade_if_needed(old.file(), options));
        return {};
    } catch (const stele::error& fault) {
        return fault;
    }
}

/// What is wrong after an upgrade that met a fault, and after the next one.
std::string problem_with(const upgrade_case& old, const std::optional<stele::error>& fault,
                         const stele::sqlite_options& options = {}) {
    const auto directory = fs::path(old.file()).parent_path().string();
    if (fault && std::string_view(fault->what()).find(directory) == std::string_view::npos)
        return fmt::format("the error names no file: {}", fault->what());
    if (auto problem = old.problem_after_kill(); !problem.empty()) return problem;
    if (fault && format_of(old.file()) == 1 && fs::exists(old.kept()) && fs::hard_link_count(old.file()) == 1 &&
        !failing_calls::are_links_forbidden())
        return "it was not upgraded, and the old file is kept";
    if (!fault && format_of(old.file()) != 2) return "it was not upgraded, and nothing says why";
    if (const auto again = upgrade(old, options)) return fmt::format("afterwards: {}", again->what());
    return old.problem_after_upgrade();
}

void fail_each_file_call(const upgrade_case& old) {
    const bool all = environment_number("STELE_ALL_FAULTS").has_value();
    std::mt19937_64 random{run_seed()};
    std::uint64_t faults = 0;
    const auto struck = [&](std::uint64_t n, int reason) {
        old.put_back();
        failing_calls::fail(failing_calls::resource::file, n, reason);
        const auto fault = upgrade(old);
        const bool came = failing_calls::heal();
        INFO(fmt::format("STELE_FAULT={} STELE_SEED={} {}: {}", n, run_seed(), std::strerror(reason),
                         fault ? fault->what() : "upgraded"));
        CHECK(problem_with(old, fault) == "");
        faults += came ? 1 : 0;
        return came;
    };
    bool goes_on = true;
    for (std::uint64_t n = 1; goes_on; n = next_tested(n)) {
        if (!all) {
            goes_on = struck(n, reasons.at(random() % reasons.size()));
            continue;
        }
        goes_on = false;
        for (const auto reason : reasons) goes_on = struck(n, reason) || goes_on;
    }
    MESSAGE(faults << " faults");
}

struct fault_kind {
    disk_call call;
    int code;
    error_kind expected;
};

constexpr fault_kind fault_kinds[] = {
    {disk_call::read, SQLITE_IOERR_READ, error_kind::io}, {disk_call::write, SQLITE_IOERR_WRITE, error_kind::io},
    {disk_call::write, SQLITE_FULL, error_kind::full},    {disk_call::sync, SQLITE_IOERR_FSYNC, error_kind::io},
    {disk_call::open, SQLITE_CANTOPEN, error_kind::io},   {disk_call::truncate, SQLITE_IOERR_TRUNCATE, error_kind::io},
};

}  // namespace

TEST_CASE("each call about a file may fail during an upgrade") {
    SUBCASE("with hard links") {
        fail_each_file_call(upgrade_case(fill_small));
    }
    SUBCASE("without") {
        failing_calls::forbid_links(true);
        fail_each_file_call(upgrade_case(fill_small));
        failing_calls::forbid_links(false);
    }
}

TEST_CASE("each call of SQLite to the disk may fail during an upgrade") {
    const upgrade_case old(fill_small);
    fault_vfs vfs;
    const stele::sqlite_options options{.connection = {.vfs = vfs.name()}};
    std::uint64_t faults = 0;
    for (const auto& kind : fault_kinds) {
        for (std::uint64_t n = 1;; n = next_tested(n)) {
            old.put_back();
            vfs.fail({kind.call, n, kind.code});
            const auto fault = upgrade(old, options);
            const bool came = vfs.struck();
            vfs.heal();
            INFO(fmt::format("{} {} fails with {}: {}", to_string(kind.call), n, kind.code,
                             fault ? fault->what() : "upgraded"));
            if (fault) CHECK(fault->kind() == kind.expected);
            CHECK(problem_with(old, fault, options) == "");
            if (!came) break;
            ++faults;
        }
    }
    MESSAGE(faults << " faults");
}

TEST_CASE("an upgrade without room changes nothing, and says how much it needs") {
    const upgrade_case old([](auto& store) {
        fill_small(store);
        store.append("order-1", 1, 1 << 20);
    });
    old.put_back();
    const auto told = in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1 << 20, 1 << 20};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return std::string("no limit");
        const auto fault = upgrade(old);
        return fault ? fmt::format("{}: {}", to_string(fault->kind()), fault->what()) : std::string("upgraded");
    });
    CHECK_MESSAGE(told.starts_with("full: "), told);
    CHECK_MESSAGE(told.find("nothing was changed") != std::string::npos, told);
    CHECK_MESSAGE(told.find("MiB") != std::string::npos, told);
    CHECK(problem_with(old, {stele::error(error_kind::full, old.file())}) == "");
}

static const bool is_prepared = [] {
    if (fs::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);  // syncs cost nothing there
    return true;
}();
