#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace stele::inline v0::detail {

void sync_directory(const std::filesystem::path& directory) {
    const auto name = directory.empty() ? std::string(".") : directory.string();
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) throw file_error(name, "the directory cannot be synced", code);
}

}  // namespace stele::inline v0::detail
