// An upgrade is killed before each of its calls about a file (among them every sync, link, rename and unlink), and
// before each call of SQLite to its disk. Its name means a whole store, and the next upgrade is complete.

#include "faults/tools/failing_calls.hpp"
#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/upgrade/upgrade_case.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace testing;

namespace {

void fill_small(old_store_writer& store) {
    fill_old_store(store, 4);
}

void fill_with_others(old_store_writer& store) {
    fill_small(store);
    add_others(store);
}

enum class outcome { upgraded, killed, failed };

// Upgrades in a process of its own, which `prepare` may let be killed.
outcome upgrade_in_child(const upgrade_case& old, const stele::sqlite_options& options,
                         const std::function<void()>& prepare) {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(60);
        try {
            prepare();
            static_cast<void>(stele::detail::upgrade_if_needed(old.file(), options));
            failing_calls::heal();
            ::_exit(0);
        } catch (const std::exception&) {
            ::_exit(1);
        }
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? outcome::killed : outcome::failed;
    return WEXITSTATUS(status) == 0 ? outcome::upgraded : outcome::failed;
}

// Until the kill comes too late. Returns how many kills there were.
std::uint64_t kill_at_each(const upgrade_case& old, const stele::sqlite_options& options,
                           const std::function<void(std::uint64_t)>& kill_at) {
    std::uint64_t kills = 0;
    for (std::uint64_t n = 1;; n = next_tested(n)) {
        old.put_back();
        const auto ended = upgrade_in_child(old, options, [&] { kill_at(n); });
        INFO("call " << n << " STELE_SEED=" << run_seed());
        REQUIRE(ended != outcome::failed);
        if (ended == outcome::killed) {
            ++kills;
            CHECK(old.problem_after_kill() == "");
            static_cast<void>(stele::detail::upgrade_if_needed(old.file(), options));
        }
        CHECK(old.problem_after_upgrade() == "");
        if (ended == outcome::upgraded) return kills;
    }
}

void kill_at_file_calls(const upgrade_case& old) {
    const auto kills = kill_at_each(
        old, {}, [](std::uint64_t n) { failing_calls::fail(failing_calls::resource::file, n, failing_calls::kills); });
    CHECK(kills * one_in() > 50);
    MESSAGE(kills << " kills");
}

}  // namespace

TEST_CASE("an upgrade may be killed before each call about a file") {
    SUBCASE("a store of events") {
        kill_at_file_calls(upgrade_case(fill_small));
    }
    SUBCASE("a store with tables of others") {
        kill_at_file_calls(upgrade_case(fill_with_others));
    }
    SUBCASE("on a file system without hard links") {
        failing_calls::forbid_links(true);
        kill_at_file_calls(upgrade_case(fill_small));
        failing_calls::forbid_links(false);
    }
}

TEST_CASE("an upgrade may be killed before each call of SQLite to its disk") {
    const upgrade_case old(fill_with_others);
    fault_vfs vfs;
    for (const auto call :
         {disk_call::write, disk_call::sync, disk_call::truncate, disk_call::remove, disk_call::open}) {
        CAPTURE(to_string(call));
        const auto kills = kill_at_each(old, {.connection = {.vfs = vfs.name()}}, [&](std::uint64_t n) {
            vfs.interrupt(call, n, [] { ::kill(::getpid(), SIGKILL); });
        });
        CHECK(kills > 0);
        MESSAGE(to_string(call) << ": " << kills << " kills");
    }
}

static const bool is_prepared = [] {
    if (std::filesystem::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);  // syncs cost nothing there
    return true;
}();
