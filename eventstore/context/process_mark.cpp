#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <pthread.h>

#include <vector>

namespace stele::inline v0::detail {

constinit std::atomic<unsigned> forks{0};

namespace {

// Never destroyed: a thread may fork while the process ends.
struct known_mutexes {
    std::mutex mutex;
    std::vector<process_mutex*> all;
};

known_mutexes& known() {
    static auto& made = *new known_mutexes;
    return made;
}

void before_fork() {
    known().mutex.lock();
    for (auto* const each : known().all) each->lock();
}

void after_fork() {
    for (auto* const each : known().all) each->unlock();
    known().mutex.unlock();
}

void after_fork_in_child() {
    forks.fetch_add(1, std::memory_order_relaxed);
    after_fork();
}

// Registers the functions once, with the first mark or mutex.
void watch_forks() noexcept {
    static const int watched = (known(), ::pthread_atfork(&before_fork, &after_fork, &after_fork_in_child));
    static_cast<void>(watched);  // fails only where a few bytes cannot be allocated
}

}  // namespace

process_mark::process_mark() noexcept : forks_((watch_forks(), forks.load(std::memory_order_relaxed))) {}

void process_mark::refuse(std::string_view what) {
    throw error(error_kind::closed,
                fmt::format("{} is a copy that fork() made: it belongs to the parent process and does not work in its "
                            "child; open or make another one in this process",
                            what));
}

void process_mark::expect_valid(bool valid, std::string_view what) {
    if (!valid)
        throw error(error_kind::closed, fmt::format("{} was moved from; use the one that it was moved to", what));
}

process_mutex::process_mutex() {
    watch_forks();
    const std::lock_guard lock(known().mutex);
    known().all.push_back(this);
}

}  // namespace stele::inline v0::detail
