#include "faults/tools/failing_calls.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace failing_calls {
namespace {

// How many requests until one fails; 0 or less: none will.
std::array<std::atomic<std::int64_t>, 3> left;
std::atomic<bool> has_failed;
std::atomic<int> file_code;
std::atomic<bool> links_are_forbidden;

sqlite3_mem_methods sqlite_memory;

void* sqlite_allocate(int size) {
    return strikes(resource::memory) ? nullptr : sqlite_memory.xMalloc(size);
}
void* sqlite_reallocate(void* block, int size) {
    return strikes(resource::memory) ? nullptr : sqlite_memory.xRealloc(block, size);
}

}  // namespace

bool strikes(resource what) {
    auto& counter = left[static_cast<std::size_t>(what)];
    if (counter.load(std::memory_order_relaxed) <= 0 || counter.fetch_sub(1) != 1) return false;
    has_failed = true;
    return true;
}

int file_fault() {
    if (!strikes(resource::file)) return 0;
    if (file_code == kills) ::kill(::getpid(), SIGKILL);
    return file_code;
}

void forbid_links(bool forbidden) {
    links_are_forbidden = forbidden;
}

bool are_links_forbidden() {
    return links_are_forbidden;
}

void install() {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
    auto failing = sqlite_memory;
    failing.xMalloc = sqlite_allocate;
    failing.xRealloc = sqlite_reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
}

void fail(resource what, std::uint64_t nth, int code) {
    has_failed = false;
    file_code = code;
    left[static_cast<std::size_t>(what)] = static_cast<std::int64_t>(nth);
}

bool heal() {
    for (auto& each : left) each = 0;
    return has_failed.exchange(false);
}

}  // namespace failing_calls

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
    if (failing_calls::strikes(failing_calls::resource::memory)) return nullptr;
    if (size == 0) size = 1;
    if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    if (void* const block = allocate(size, alignment)) return block;
    throw std::bad_alloc{};
}

}  // namespace

// The forms that are not here call these, but for those of a sanitizer.
void* operator new(std::size_t size) {
    return allocate_or_throw(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
// A sanitizer has its own of this one, whose memory the operators below would not free.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    return allocate(size, 1);
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    std::free(block);
}

// A sanitizer has one of its own, which must see every thread.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                              void* argument) {
    using function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static void* const found = [] {
        void* const own = dlsym(RTLD_DEFAULT, "__interceptor_pthread_create");
        return own != nullptr ? own : dlsym(RTLD_NEXT, "pthread_create");
    }();
    if (failing_calls::strikes(failing_calls::resource::thread)) return EAGAIN;
    return reinterpret_cast<function>(found)(thread, attributes, run, argument);
}
