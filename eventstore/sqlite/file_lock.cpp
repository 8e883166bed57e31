#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace stele::inline v0::detail {
namespace {

constexpr long turnstile = 0;
constexpr long writing = 1;

// Open-file-description locks (fcntl(2)): they belong to this object, not to the process, so two stores on one file in
// one process exclude each other too. They end with the process however it ends.
bool set_lock(int descriptor, long byte, short type) {
    struct flock range = {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    return ::fcntl(descriptor, F_OFD_SETLK, &range) == 0;
}

}  // namespace

file_lock::file_lock(const std::filesystem::path& file)
    : file_(file.string()), descriptor_(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0)
        throw error(error_kind::io,
                    fmt::format("{}: cannot open the lock file: {}; the directory must exist and be writable", file_,
                                std::strerror(errno)),
                    errno);
}

file_lock::~file_lock() {
    ::close(descriptor_);
}

void file_lock::lock(std::chrono::milliseconds timeout) {
    const auto deadline = end_of_wait(timeout);
    wait(turnstile, deadline);
    try {
        wait(writing, deadline);
    } catch (...) {
        set_lock(descriptor_, turnstile, F_UNLCK);
        throw;
    }
    set_lock(descriptor_, turnstile, F_UNLCK);
}

void file_lock::unlock() noexcept {
    set_lock(descriptor_, writing, F_UNLCK);
}

void file_lock::wait(long byte, std::chrono::steady_clock::time_point deadline) {
    std::chrono::microseconds pause{20};
    while (!set_lock(descriptor_, byte, F_WRLCK)) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            throw error(error_kind::io, fmt::format("{}: cannot lock: {}", file_, std::strerror(errno)), errno);
        if (std::chrono::steady_clock::now() >= deadline)
            throw error(
                error_kind::busy,
                fmt::format("{}: another process held the write lock for the whole busy timeout; try again", file_));
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::microseconds{1000});
    }
}

}  // namespace stele::inline v0::detail
