#include <stele/eventstore/clock.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace stele::inline v0 {
namespace {

using std::chrono::microseconds;

class jump_guard {
public:
    explicit jump_guard(clock_options options)
        : options_(std::move(options)), start_(offset_of(options_.wall(), options_.elapsed())), good_(start_) {}

    timestamp now() {
        const std::lock_guard lock(mutex_);
        const auto elapsed = options_.elapsed();
        const auto wall = options_.wall();
        const auto offset = offset_of(wall, elapsed);
        if (is_near(offset, start_)) {
            jump_.reset();
            good_ = offset;
            return wall;
        }
        if (!jump_ || !is_near(offset, jump_->offset)) {
            jump_ = {offset, elapsed};
            warn("is not followed unless it lasts", offset);
        }
        if (between(jump_->since, elapsed) < options_.most_jump) return detail::saturating_add(good_, elapsed);
        warn("has lasted and is followed now", offset);
        jump_.reset();
        start_ = good_ = offset;
        return wall;
    }

private:
    struct jump {
        timestamp offset;
        microseconds since;
    };

    // When the machine would have been started if the clock were right. It moves only if somebody sets the clock.
    static timestamp offset_of(timestamp wall, microseconds elapsed) {
        return timestamp{between(elapsed, wall.time_since_epoch())};
    }

    static microseconds between(microseconds from, microseconds to) {
        return detail::saturating_difference(timestamp{to}, timestamp{from});
    }

    [[nodiscard]] bool is_near(timestamp one, timestamp other) const {
        const auto apart =
            one < other ? detail::saturating_difference(other, one) : detail::saturating_difference(one, other);
        return apart <= options_.most_jump;
    }

    void warn(const char* what, timestamp offset) const {
        if (!options_.on_warning) return;
        const std::chrono::duration<double> by = detail::saturating_difference(offset, good_);
        options_.on_warning(fmt::format("The system clock has jumped by {:.0f} seconds, which {}; check how it is set.",
                                        by.count(), what));
    }

    const clock_options options_;
    std::mutex mutex_;
    timestamp start_;  // jumps are measured from here
    timestamp good_;   // the last one that was followed
    std::optional<jump> jump_;
};

}  // namespace

std::chrono::microseconds time_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::floor<microseconds>(std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec});
}

std::function<timestamp()> bounded_clock(clock_options options) {
    if (options.most_jump <= microseconds::zero())
        throw error(error_kind::invalid_argument, "clock_options::most_jump is not positive; give it an hour");
    if (!options.wall || !options.elapsed)
        throw error(error_kind::invalid_argument,
                    "clock_options lacks a clock; leave `wall` and `elapsed` as they are");
    return [guard = std::make_shared<jump_guard>(std::move(options))] { return guard->now(); };
}

}  // namespace stele::inline v0
