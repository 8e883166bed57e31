#pragma once

#include <utility>

namespace stele::inline v0::detail {

/// One T for each thread, made at its first use and destroyed with the thread. Unlike a plain thread_local object it
/// can also be used after that, by the destructor of a static object for example: then there is a new one, which stays.
template <class T>
class per_thread {
public:
    static T& get() {
        if (object == nullptr) {
            static_cast<void>(&at_end);  // made here, so that it is destroyed with the thread
            object = new T{};
        }
        return *object;
    }

private:
    struct owner {
        owner() noexcept = default;
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;
        ~owner() { delete std::exchange(object, nullptr); }
    };
    static inline thread_local T* object = nullptr;
    static inline thread_local owner at_end;
};

}  // namespace stele::inline v0::detail
