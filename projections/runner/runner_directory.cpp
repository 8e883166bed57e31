#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fmt/format.h>

#include <system_error>

namespace stele::inline v0::detail {

std::filesystem::path make_runner_directory(const std::filesystem::path& directory, std::filesystem::perms mode) {
    make_directories(directory, mode);
    std::error_code failure;
    if (!std::filesystem::is_directory(directory, failure))
        throw error{error_kind::io,
                    fmt::format("{}: the directory for read models cannot be used: {}; name another",
                                directory.string(), failure ? failure.message() : "it is not a directory")};
    return real_file(directory);
}

void lock_runner_directory(file_lock& lock, const std::filesystem::path& directory) {
    try {
        lock.lock(std::chrono::milliseconds{0});
    } catch (const error& failure) {
        if (failure.kind() != error_kind::busy) throw;
        throw error{error_kind::busy,
                    fmt::format("{}: another projection_runner, in this process or another, keeps the read models "
                                "in this directory up to date; use that one, or stop it first",
                                directory.string())};
    }
}

}  // namespace stele::inline v0::detail
