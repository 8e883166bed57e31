#pragma once

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace stele::inline v0::detail {

/// Where the stable name of a read model leads, as stored in the link; empty if it is no link, or nothing. Throws
/// stele::error (io) if that cannot be known just now.
inline std::filesystem::path link_target(const std::filesystem::path& name) {
    std::error_code failure;
    auto target = std::filesystem::read_symlink(name, failure);
    if (!failure) return target;
    if (failure.value() != EINVAL && !means_absent(failure.value())) throw cannot_look(name, failure.value());
    return {};
}

/// The file that a stable name with this link target stands for; the name itself if it is no link.
inline std::filesystem::path file_of(const std::filesystem::path& name, const std::filesystem::path& target) {
    return target.empty() ? name : name.parent_path() / target;
}
inline std::filesystem::path file_of(const std::filesystem::path& name) {
    return file_of(name, link_target(name));
}

/// Calls `use` with the file that a stable name leads to, and the link's target. Calls it again if that throws
/// stele::error and the name leads to another file by then: the first one may have been removed in between.
template <class Use>
auto with_served_file(const std::filesystem::path& name, const Use& use) {
    constexpr int most_attempts = 100;
    for (int attempt = 1;; ++attempt) {
        const auto target = link_target(name);
        try {
            return use(file_of(name, target), target);
        } catch (const error&) {
            if (attempt == most_attempts || link_target(name) == target) throw;
        }
    }
}

}  // namespace stele::inline v0::detail
