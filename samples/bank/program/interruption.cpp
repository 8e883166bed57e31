#include "bank/program/interruption.hpp"

#include <pthread.h>

#include <ctime>

namespace bank {

interruption::interruption() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &blocked_before_);
}

interruption::~interruption() {
    pthread_sigmask(SIG_SETMASK, &blocked_before_, nullptr);
}

bool interruption::wait_for(std::chrono::milliseconds time) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
    return sigtimedwait(&signals_, nullptr, &limit) > 0;
}

}  // namespace bank
