#include "eventstore/sqlite/reader.hpp"

#include <new>
#include <utility>

namespace stele::inline v0::detail {

reader_pool::turn::turn(reader_pool& pool) : pool_(pool) {
    std::unique_lock lock(pool_.mutex_);
    pool_.pause_over_.wait(lock, [this] { return !pool_.paused_; });
    ++pool_.in_use_;
}

reader_pool::turn::~turn() {
    const std::lock_guard lock(pool_.mutex_);
    if (--pool_.in_use_ == 0 && pool_.paused_) pool_.nobody_reads_.notify_all();
}

void reader_pool::pause(std::chrono::milliseconds longest, const std::function<void()>& work) noexcept {
    std::unique_lock lock(mutex_);
    paused_ = true;
    const bool quiet = nobody_reads_.wait_for(lock, longest, [this] { return in_use_ == 0; });
    lock.unlock();
    if (quiet) work();
    lock.lock();
    paused_ = false;
    pause_over_.notify_all();
}

std::unique_ptr<reader> reader_pool::borrow() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto taken = std::move(idle_.back());
            idle_.pop_back();
            return taken;
        }
    }
    auto opened = std::make_unique<reader>(file_, options_);
    identity_.expect_same();
    return opened;
}

void reader_pool::give_back(std::unique_ptr<reader> borrowed) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= options_.idle_readers) return;
    try {
        idle_.push_back(std::move(borrowed));
    } catch (const std::bad_alloc&) {
        return;  // what was read counts; the next one opens another reader
    }
}

}  // namespace stele::inline v0::detail
