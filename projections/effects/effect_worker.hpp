#pragma once

#include "projections/runner/any_projection.hpp"
#include "projections/runner/event_feed.hpp"
#include "projections/runner/runner_directory.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/effects/detail/effect_rules.hpp>

#include <mutex>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// The side effects of one projection of a runner: they follow what its read model has committed.
class effect_worker final : public any_projection {
public:
    /// Throws read_only, for example, if the checkpoint of the effects cannot be saved in the store. Call it before
    /// anything is made: an effect happens before its checkpoint is saved, so who cannot save it must not begin.
    static void expect_saving(event_store& store, const effect_definition& definition);

    /// All others must outlive it. If the store has no checkpoint of the effects, they begin after its head.
    /// Throws what the store throws, and undecodable.
    effect_worker(event_store& store, const runner_directory& directory, any_projection& followed,
                  const effect_definition& definition);

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
    void expect_reached() const;
    void show_if_other_store() noexcept;
    void save();

    event_store& store_;
    const runner_directory& directory_;
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
