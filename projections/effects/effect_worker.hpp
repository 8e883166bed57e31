#pragma once

#include "projections/runner/any_projection.hpp"
#include "projections/runner/event_feed.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/effects/detail/effect_rules.hpp>

#include <mutex>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// The side effects of one projection of a runner: they follow what its read model has committed.
class effect_worker final : public any_projection {
public:
    /// Both others must outlive it. If the store has no checkpoint of the effects, they begin after its head.
    /// Throws what the store throws, and undecodable.
    effect_worker(event_store& store, any_projection& followed, const effect_definition& definition);

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] progress_board& board() noexcept override { return board_; }
    /// Does the effects up to `target`, or up to what the read model has committed if that is less.
    void catch_up(position target) override;
    /// Does one effect; it may take long.
    step_outcome step(position target) override;

private:
    [[nodiscard]] position committed(position target);
    [[nodiscard]] event_feed feed(position target) const;
    bool do_next(event_feed& events);
    bool do_effect(const recorded_event& event);
    void expect_saving();
    void expect_reached() const;
    void show_if_other_store() noexcept;
    void save();

    event_store& store_;
    any_projection& followed_;
    effect_definition definition_;
    std::string name_;
    progress_board board_;

    std::mutex mutex_;  // guards everything below
    event_decoder decoder_;
    progress now_;
    position saved_;
    bool must_save_ = false;  // an effect was done since the last save
};

}  // namespace stele::inline v0::detail
