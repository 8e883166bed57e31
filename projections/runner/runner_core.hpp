#pragma once

#include "projections/runner/any_projection.hpp"
#include "projections/runner/background.hpp"

#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/event_store.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// What runners of every kind have in common: the list of what they run, and its background. The runner, each call that
/// is under way, and an adopting background hold it. Any thread may call anything, except where it says otherwise.
class runner_core {
public:
    explicit runner_core(event_store& from) : store(from) {}
    runner_core(const runner_core&) = delete;
    runner_core& operator=(const runner_core&) = delete;
    virtual ~runner_core() = default;

    /// The owner of its handlers, for handler_scope.
    [[nodiscard]] const void* owner() const noexcept { return this; }
    /// For the functions that wait for handlers to end, or for what handlers hold: throws inside of them.
    virtual void expect_outside(std::string_view call) const;

    /// Those that there are now; each stays until the end.
    [[nodiscard]] std::vector<any_projection*> list() const;

    /// Brings all of them up to the head, and returns that. Throws after each was tried, for all `who` ("projections")
    /// that have failed.
    position catch_up(std::string_view who);
    void start();
    void stop() noexcept;
    /// Lets the background continue with one that has something else to do now.
    void resume(const any_projection& worker);
    void end_waits() noexcept;
    /// What the destructor of the runner does with it. One that a handler destroys, whose thread cannot wait for
    /// itself, ends by itself: the last of its background and of the calls that are under way destroys it.
    static void release(const std::shared_ptr<runner_core>& mine) noexcept;

    process_mark process;
    event_store& store;

protected:
    [[nodiscard]] virtual background_options how() const = 0;
    /// The destructor of whoever owns the workers calls it, before they are destroyed.
    void finish() noexcept { running_.reset(); }

    /// Whether there is a background that was not ended. Under running_mutex.
    [[nodiscard]] bool is_running() const noexcept { return running_.has_value(); }

    mutable std::mutex list_mutex;     // guards the lists
    std::vector<any_projection*> all;  // of all kinds, as they were added
    std::mutex running_mutex;

private:
    void begin();
    void end() noexcept;
    void abandon(const std::shared_ptr<runner_core>& mine) noexcept;
    void request_stop() noexcept;
    void show_outcome(any_projection& worker, const std::exception_ptr& failure);

    std::shared_ptr<runner_core> of_parent_;  // itself, in a child of fork(), which must not destroy it
    std::mutex stoppable_mutex_;
    background* stoppable_ = nullptr;  // `running_`, unless it is being ended
    bool is_abandoned_ = false;
    std::optional<background> running_;  // under running_mutex
};

}  // namespace stele::inline v0::detail
