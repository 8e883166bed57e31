#pragma once

#include "projections/batch_applier.hpp"
#include "projections/generation.hpp"
#include "projections/generation_directory.hpp"
#include "projections/progress_board.hpp"

#include <stele/event_store.hpp>
#include <stele/projection_runner.hpp>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace stele::detail {

enum class turn_result : std::uint8_t {
    more,         ///< There is more to apply.
    at_target,    ///< Every event up to the target is in the read model.
    not_my_turn,  ///< Somebody else works on the projection; nothing was done.
};

/// One projection of a runner: its read model and what keeps it up to date. Any thread may call anything.
class projection_worker {
public:
    /// Opens the generation that serves, or makes the first one.
    projection_worker(event_store& store, const std::filesystem::path& directory,
                      const projection_definition& definition, const projection_runner_options& options);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }
    [[nodiscard]] progress_board& board() noexcept { return board_; }

    /// Applies the events up to `target`. Throws as projection_runner::catch_up().
    void catch_up(position target);
    /// Applies one batch of them. Throws as catch_up().
    turn_result step(position target);
    /// As projection_runner::replay_dead_letters().
    dead_letter_replay replay_dead_letters();
    /// The file of the generation that serves.
    [[nodiscard]] std::filesystem::path serving_file() const { return files_.file(files_.serving().value()); }
    /// As projection_runner::rebuild().
    void rebuild();

private:
    generation open_or_create();
    void expect_same_projection(const generation& built) const;
    void expect_same_store(const generation& built, position head);
    event_feed feed(const generation& to, position target);
    enum class batch_end : std::uint8_t { more, at_target, again };
    batch_end apply_batch(generation& to, event_feed& feed, bool patient);
    void replay(const dead_letter& letter, dead_letter_replay& result, std::set<std::string>& failed_keys);
    bool put_aside(const event_fault& fault, bool patient);
    [[noreturn]] void fail(const event_fault& fault, const generation& to) const;
    void run(generation& to, position target);
    void mark_complete(generation& built);
    void build_next();
    void give_up(std::optional<generation> shadow, std::uint64_t number) noexcept;

    event_store& store_;
    projection_definition definition_;
    projection_identity identity_;
    generation_directory files_;
    projection_runner_options options_;
    progress_board board_;
    std::mutex turn_;  // guards everything below
    generation current_;
    batch_applier applier_;
    bool store_is_known_ = false;
    // The event that failed last, and how often in a row.
    position failed_at_;
    unsigned failures_ = 0;
};

}  // namespace stele::detail
