#include "eventstore/sqlite/reader.hpp"

#include <new>
#include <utility>

namespace stele::inline v0::detail {

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
