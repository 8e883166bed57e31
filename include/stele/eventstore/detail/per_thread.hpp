#pragma once

#include <atomic>
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
            object = has_ended ? &make_late() : new T{};
        }
        return *object;
    }

private:
    struct late_object {
        T object{};
        late_object* before = nullptr;
    };
    // Nothing destroys it any more. A list keeps it in sight of who looks for leaks.
    static T& make_late() {
        auto* const late = new late_object{{}, last_late.load()};
        while (!last_late.compare_exchange_weak(late->before, late)) {
        }
        return late->object;
    }
    struct owner {
        owner() noexcept = default;
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;
        ~owner() {
            has_ended = true;
            delete std::exchange(object, nullptr);
        }
    };
    static inline thread_local T* object = nullptr;
    static inline thread_local bool has_ended = false;
    static inline thread_local owner at_end;
    static inline std::atomic<late_object*> last_late = nullptr;
};

}  // namespace stele::inline v0::detail
