#pragma once

#include <stele/eventstore/sqlite/detail/own_file.hpp>

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

}  // namespace stele::inline v0::detail
