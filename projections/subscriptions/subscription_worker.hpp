#pragma once

#include "projections/runner/any_projection.hpp"
#include "projections/runner/event_feed.hpp"
#include "projections/subscriptions/letter_queue.hpp"
#include "projections/subscriptions/subscription_claim.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// One subscription of a runner.
class subscription_worker final : public any_projection {
public:
    /// Stores where it begins, if the store does not know it. Throws as subscription_runner::add(). The store must
    /// outlive it. `attempts`: of step(), at one event.
    subscription_worker(event_store& store, subscription_definition definition, durable_subscription_options options,
                        unsigned attempts);

    [[nodiscard]] std::string_view name() const noexcept override { return definition_.name; }
    [[nodiscard]] progress_board& board() noexcept override { return board_; }
    void catch_up(position target) override;
    step_outcome step(position target) override;
    /// Stores what has not been stored yet, if it can.
    void leave() noexcept override;

    /// Lets the next step claim the subscription if another runner has it.
    void renew() noexcept { must_claim_ = true; }
    /// As those of subscription_runner. dead_letters() does not wait for the handler.
    [[nodiscard]] std::vector<dead_letter> dead_letters(position after, std::size_t limit) const;
    dead_letter_replay replay_dead_letters();
    bool discard_dead_letter(position where);
    void reset(position after);

private:
    void begin();
    void load();
    void own();
    void save(std::vector<document_write> more = {});
    void save_or_reload(std::vector<document_write> more);
    [[nodiscard]] bool is_save_due() const;
    bool turn(position target, unsigned attempts);
    bool do_next(event_feed& events, unsigned attempts);
    bool handle(const recorded_event& event);
    event_outcome outcome_of(const recorded_event& event, unsigned attempts);
    event_outcome give_up(const recorded_event& event, unsigned attempts);
    event_outcome replay(const dead_letter& letter);
    void settle(const dead_letter& letter, event_outcome outcome);
    void park(const recorded_event& event, std::uint64_t attempts, std::string error);
    [[nodiscard]] std::string key_of(const recorded_event& event) const;
    [[nodiscard]] bool must_wait(const recorded_event& event);

    event_store& store_;
    subscription_definition definition_;
    durable_subscription_options options_;
    unsigned attempts_;
    std::string name_;  // for messages
    progress_board board_;
    std::atomic<bool> must_claim_ = true;

    std::mutex mutex_;  // guards everything below
    event_decoder decoder_;
    subscription_claim claim_;
    bool is_loaded_ = false;  // what follows is what the store has, and what was done since
    progress now_;
    position saved_;
    bool must_save_ = false;  // an event was handled since the last save
    std::vector<document_write> unsaved_letters_;
    letter_queue letters_;
    std::unique_ptr<event_feed> feed_;  // what is left of it after the last turn
    position failed_at_;                // the event of the last failure
    unsigned failures_ = 0;             // at that event, in a row
};

}  // namespace stele::inline v0::detail
