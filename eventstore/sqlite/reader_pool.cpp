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

void reader_pool::read(const std::function<void(reader&)>& use) {
    try {
        const turn here(*this);
        lent borrowed;
        access_.repeat([&](const read_view& view) {
            borrowed = {view, nullptr};
            const bool counts = access_.settle(view, [&] {
                if (borrow(borrowed)) use(*borrowed.it);
            });
            return counts && borrowed.it;
        });
        give_back(std::move(borrowed));
    } catch (const error&) {
        rethrow_as_damage();
    }
}

bool reader_pool::borrow(lent& borrowed) {
    while (take_idle(borrowed)) {
        if (borrowed.it) return true;
    }
    if (auto opened = access_.open(borrowed.view))
        borrowed.it = std::make_unique<reader>(std::move(opened), limits_,
                                               tail_ ? tail_ : std::make_shared<index_tail>(merge_events_));
    return borrowed.it != nullptr;
}

// False if none is idle. One that was opened under another view is closed, and none is returned.
bool reader_pool::take_idle(lent& borrowed) {
    lent taken;
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return false;
    taken = std::move(idle_.back());
    idle_.pop_back();
    if (taken.view == borrowed.view) borrowed.it = std::move(taken.it);
    return true;
}

void reader_pool::give_back(lent borrowed) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= most_idle_) return;
    try {
        idle_.push_back(std::move(borrowed));
    } catch (const std::bad_alloc&) {
        return;  // what was read counts; the next one opens another reader
    }
}

}  // namespace stele::inline v0::detail
