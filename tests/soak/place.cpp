#include "soak/place.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace soak {
namespace {

int open_or_throw(const std::filesystem::path& file, int flags) {
    const int descriptor = ::open(file.c_str(), flags | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), file.string());
    return descriptor;
}

shared_state* map(const std::filesystem::path& file) {
    const int descriptor = open_or_throw(file, O_RDWR);
    if (::ftruncate(descriptor, sizeof(shared_state)) != 0)
        throw std::system_error(errno, std::generic_category(), file.string());
    void* const memory = ::mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), file.string());
    return static_cast<shared_state*>(memory);  // a new file holds zeros, as a new shared_state does
}

}  // namespace

place::place(std::filesystem::path directory) : directory_(std::move(directory)), shared_(nullptr) {
    std::filesystem::create_directories(directory_);
    shared_ = map(directory_ / "shared");
}

place::~place() {
    ::munmap(shared_, sizeof(shared_state));
}

stele::sqlite_store place::open(stele::durability how) const {
    return stele::sqlite_store::open(
        store(), {.durability = how, .connection = {.busy_timeout = std::chrono::minutes{2}}, .now = [this] {
                      return stele::system_time() + std::chrono::microseconds{shared().clock_ahead_us.load()};
                  }});
}

void place::fail(std::string_view what) const {
    const int file = open_or_throw(failures(), O_WRONLY | O_APPEND);
    const auto line = std::string{what} + "\n";
    (void)!::write(file, line.data(), line.size());
    ::close(file);
}

}  // namespace soak
