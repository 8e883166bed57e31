#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/file_sync.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace stele::inline v0::detail {

void sync_directory(const std::filesystem::path& directory) {
    const auto name = directory.empty() ? std::string(".") : directory.string();
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced)
        throw error(error_kind::io, fmt::format("{}: cannot sync the directory: {}", name, std::strerror(code)), code);
}

}  // namespace stele::inline v0::detail
