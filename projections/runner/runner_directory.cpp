#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fmt/format.h>

#include <system_error>

namespace stele::inline v0::detail {

namespace {

constexpr const char* name_of_lock = "runner.lock";

std::filesystem::path made(const std::filesystem::path& directory, std::filesystem::perms mode) {
    make_directories(directory, mode);
    std::error_code failure;
    if (!std::filesystem::is_directory(directory, failure))
        throw error{error_kind::io,
                    fmt::format("{}: the directory for read models cannot be used: {}; name another",
                                directory.string(), failure ? failure.message() : "it is not a directory")};
    return real_file(directory);
}

}  // namespace

runner_directory::runner_directory(const std::filesystem::path& directory, std::filesystem::perms mode)
    : path_(made(directory, mode)), lock_(path_ / name_of_lock, mode) {
    try {
        lock_.lock(std::chrono::milliseconds{0});
    } catch (const error& failure) {
        if (failure.kind() != error_kind::busy) throw;
        throw error{error_kind::busy,
                    fmt::format("{}: another projection_runner, in this process or another, keeps the read models "
                                "in this directory up to date; use that one, or stop it first",
                                path_.string())};
    }
    expect_locked();
}

void runner_directory::expect_locked() const {
    if (lock_.place().is_in_place()) return;
    throw error{error_kind::io,
                fmt::format("{}: the file was moved, deleted or replaced while a projection_runner had it open as its "
                            "lock, so another runner may keep the read models in this directory up to date; this one "
                            "writes nothing any more; destroy it, and make another one if no other runs",
                            (path_ / name_of_lock).string())};
}

}  // namespace stele::inline v0::detail
