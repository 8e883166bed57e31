#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace stele::inline v0::detail {
namespace {

constexpr long turnstile = 0;
constexpr long writing = turnstile + 1;  // so that both are taken at once if nobody has either
constexpr long open_mark = 2;

// Open-file-description locks (fcntl(2)): they belong to this object, not to the process, so two stores on one file in
// one process exclude each other too. They end with the process however it ends.
bool set_lock(int descriptor, long byte, short type, long bytes = 1) noexcept {
    struct flock range = {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = bytes;
    return ::fcntl(descriptor, F_OFD_SETLK, &range) == 0;
}

// The descriptors of all locks. A child of fork() closes them at once: it shares their open file descriptions, and
// would otherwise keep the locks of a parent that was killed.
class open_locks {
public:
    static open_locks& of_process() {
        static auto* const all = made = new open_locks;
        static const int watched = ::pthread_atfork(nullptr, nullptr, &close_inherited);
        static_cast<void>(watched);
        return *all;
    }

    int open(const std::string& file, own_file_use use, std::filesystem::perms mode) {
        const std::lock_guard lock(mutex_);
        descriptors_.reserve(descriptors_.size() + 1);
        const int descriptor = open_own_file(file, use, mode);
        descriptors_.push_back(descriptor);
        return descriptor;
    }

    void close(int descriptor) noexcept {
        const std::lock_guard lock(mutex_);
        std::erase(descriptors_, descriptor);
        ::close(descriptor);
    }

private:
    static void close_inherited() {
        for (const int descriptor : made->descriptors_) ::close(descriptor);
        made->descriptors_.clear();
    }

    static inline open_locks* made = nullptr;

    process_mutex mutex_;
    std::vector<int> descriptors_;
};

file_identity identity_or_close(const std::string& file, int descriptor) {
    try {
        return {file, descriptor};
    } catch (...) {
        open_locks::of_process().close(descriptor);
        throw;
    }
}

}  // namespace

file_lock::file_lock(const std::filesystem::path& file, std::filesystem::perms mode)
    : file_(file.string()),
      descriptor_(open_locks::of_process().open(file_, own_file_use::write_or_make, mode)),
      type_(F_WRLCK),
      place_(identity_or_close(file_, descriptor_)) {}

file_lock::file_lock(const std::filesystem::path& file)
    : file_(file.string()),
      descriptor_(open_locks::of_process().open(file_, own_file_use::read, std::filesystem::perms::none)),
      type_(F_RDLCK),
      place_(identity_or_close(file_, descriptor_)) {}

file_lock::~file_lock() {
    if (!process_.is_inherited()) open_locks::of_process().close(descriptor_);
}

void file_lock::lock(std::chrono::milliseconds timeout) {
    process_.expect_own(file_);
    if (!set_lock(descriptor_, turnstile, type_, 2)) wait_for_both(end_of_wait(timeout));
    set_lock(descriptor_, turnstile, F_UNLCK);
}

// Who waits for the lock has the turnstile meanwhile, so that who had it last does not get it again first.
void file_lock::wait_for_both(std::chrono::steady_clock::time_point deadline) {
    wait(turnstile, deadline);
    try {
        wait(writing, deadline);
    } catch (...) {
        set_lock(descriptor_, turnstile, F_UNLCK);
        throw;
    }
}

bool file_lock::try_lock() noexcept {
    return !process_.is_inherited() && set_lock(descriptor_, writing, type_);
}

void file_lock::unlock() noexcept {
    if (!process_.is_inherited()) set_lock(descriptor_, writing, F_UNLCK);
}

bool file_lock::mark_open() noexcept {
    return !process_.is_inherited() && set_lock(descriptor_, open_mark, F_RDLCK);
}

bool file_lock::is_only_one() noexcept {
    return !process_.is_inherited() && set_lock(descriptor_, open_mark, F_WRLCK);
}

std::string file_lock::note() const {
    std::string text(note_bytes, '\0');
    const auto size = ::pread(descriptor_, text.data(), text.size(), 0);
    if (size < 0) throw file_error(file_, "cannot be read", errno);
    text.resize(static_cast<std::size_t>(size));
    return text;
}

void file_lock::set_note(const std::string& text) noexcept {
    if (::pwrite(descriptor_, text.data(), std::min(text.size(), note_bytes), 0) > 0) ::fdatasync(descriptor_);
}

void file_lock::wait(long byte, std::chrono::steady_clock::time_point deadline) {
    std::chrono::microseconds pause{20};
    while (!set_lock(descriptor_, byte, type_)) {
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
