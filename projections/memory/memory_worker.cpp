#include "projections/memory/memory_worker.hpp"

#include "projections/memory/memory_snapshot.hpp"
#include "projections/runner/same_store.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {
namespace {

// So many batches take longer to read than a thread takes to start.
constexpr std::uint64_t batches_worth_a_thread = 4;

}  // namespace

memory_worker::memory_worker(event_store& store, const runner_directory& directory,
                             const memory_projection_definition& definition, const projection_runner_options& options)
    : store_(store),
      definition_(definition),
      directory_(directory),
      file_(directory.path() / fmt::format("{}.snapshot", definition.name)),
      options_(options),
      decoder_(*definition.events),
      current_(load()),
      in_snapshot_(current_.now.applied) {
    board_.show(current_.now);
}

memory_worker::folded memory_worker::load() {
    if (definition_.snapshots != nullptr) try {
            if (const auto saved = read_snapshot(file_, *definition_.snapshots)) {
                expect_same_store(store_, saved->now, "its events");
                folded result{definition_.make(), saved->now};
                definition_.snapshots->restore(result.state.get(), *saved->state);
                return result;
            }
        } catch (...) {
            warn("was skipped, all events are read again");
        }
    return {definition_.make()};
}

void memory_worker::warn(std::string_view problem) noexcept {
    try {
        board_.show_error(
            fmt::format("the snapshot {} {}: {}", file_.string(), problem, message_of(std::current_exception())));
    } catch (...) {
        // There is no memory left to report it.
    }
}

void memory_worker::catch_up(position target) {
    const std::lock_guard lock(mutex_);
    while (fold_some(target, std::numeric_limits<std::size_t>::max()) == step_outcome::more) {
    }
}

step_outcome memory_worker::step(position target) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return step_outcome::busy;
    return fold_some(target, options_.batch_events);
}

void memory_worker::leave() noexcept {
    // Whoever holds it has taken the feed, and goes on with it.
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) feed_.reset();
}

// Many events are read on a thread of their own, if there is one to be had.
std::unique_ptr<event_feed> memory_worker::feed(const folded& to, position target) const {
    const auto feed_that_reads = [&](reading how) {
        return std::make_unique<event_feed>(store_, to.now.checkpoint, target, *definition_.events,
                                            feed_options{.how = how});
    };
    if ((target.value - to.now.checkpoint.value) / options_.batch_events < batches_worth_a_thread)
        return feed_that_reads(reading::when_asked);
    try {
        return feed_that_reads(reading::ahead);
    } catch (const error& failure) {
        if (failure.kind() != error_kind::busy) throw;
        return feed_that_reads(reading::when_asked);
    }
}

std::unique_lock<std::shared_mutex> memory_worker::keep_readers_out() const {
    const std::lock_guard gate(gate_);
    return std::unique_lock{state_lock_};
}

step_outcome memory_worker::fold_some(position target, std::size_t limit) {
    if (is_damaged_) heal();
    const auto begin = std::chrono::steady_clock::now();
    const auto is_at_target = [&] { return current_.now.checkpoint >= target; };
    // A feed that throws, ends, or does not continue at the checkpoint, is dropped.
    auto events = std::exchange(feed_, nullptr);
    while (limit > 0 && !is_at_target()) {
        if (!events || events->after() != current_.now.checkpoint) events = feed(current_, target);
        if (const auto chunk = events->next(limit)) {
            limit -= chunk->events.size();
            fold_in_place(*chunk);
        } else {
            events.reset();  // an earlier target was its end
        }
    }
    const bool at_target = is_at_target();
    if (!at_target) feed_ = std::move(events);
    load_time_ += std::chrono::steady_clock::now() - begin;
    take_due_snapshot(at_target);
    return at_target ? step_outcome::at_target : step_outcome::more;
}

void memory_worker::fold_in_place(const event_chunk& chunk) {
    try {
        const auto lock = keep_readers_out();
        is_damaged_ = true;  // until all of them are in the state
        fold(current_, chunk);
        is_damaged_ = false;
    } catch (...) {
        board_.show(current_.now);
        throw;
    }
    board_.show(current_.now);
}

// If it throws, the progress of `to` is that after the last event that was applied.
void memory_worker::fold(folded& to, const event_chunk& chunk) {
    const handler_scope here{this};
    for (const auto& event : chunk.events) {
        auto outcome = event_outcome::ignored;
        try {
            if (decoder_.decode_if_known(event, to.state.get())) outcome = event_outcome::applied;
        } catch (...) {
            throw_failed_at(fmt::format("projection {} (in memory)", definition_.name), event);
        }
        to.now.pass(event, outcome);
    }
    to.now.skip_to(chunk.up_to, chunk.last);
}

// Folds the state again, up to the same position; readers wait for it.
void memory_worker::heal() {
    auto again = load();
    const auto reached = current_.now.checkpoint;
    if (again.now.checkpoint < reached) {
        const auto events = feed(again, reached);
        while (const auto chunk = events->next(options_.batch_events)) fold(again, *chunk);
    }
    {
        const auto lock = keep_readers_out();
        std::swap(current_, again);
        is_damaged_ = false;
    }
}

locked_state memory_worker::read(const std::type_info& type) {
    if (type != *definition_.type)
        throw error{error_kind::invalid_argument,
                    fmt::format("the projection {} that was added has another type than the one in this query",
                                definition_.name)};
    expect_outside_handlers(this, "query()",
                            fmt::format("the projection {}, or another query of it", definition_.name));
    while (true) {
        {
            const std::lock_guard gate(gate_);
            std::shared_lock lock(state_lock_);
            if (!is_damaged_) return {handler_scope{this}, std::move(lock), current_.state.get()};
        }
        const std::lock_guard lock(mutex_);
        if (is_damaged_) heal();
    }
}

void memory_worker::take_snapshot() {
    const std::lock_guard lock(mutex_);
    if (definition_.snapshots == nullptr)
        throw error{error_kind::invalid_argument,
                    fmt::format("the projection {} has no snapshots: add `using snapshot_type = …;` "
                                "(memory_projection.hpp)",
                                definition_.name)};
    if (is_damaged_) heal();
    write_snapshot_now();
}

void memory_worker::write_snapshot_now() {
    directory_.expect_locked();
    // Set even if it fails, so that a snapshot that fails is not retried at every batch.
    in_snapshot_ = current_.now.applied;
    const auto state = definition_.snapshots->take(current_.state.get());
    write_snapshot(file_, *definition_.snapshots, *state, current_.now, options_.connection.file_mode);
}

void memory_worker::take_due_snapshot(bool at_target) noexcept {
    const bool was_loaded = std::exchange(is_loaded_, is_loaded_ || at_target);
    if (definition_.snapshots == nullptr || !definition_.snapshots->policy.is_automatic) return;
    const auto& policy = definition_.snapshots->policy;
    const auto more = current_.now.applied - in_snapshot_;
    const bool was_slow = at_target && !was_loaded && more > 0 && load_time_ > policy.load_time;
    if (more < policy.events && !was_slow) return;
    try {
        write_snapshot_now();
    } catch (...) {
        warn("was not written");
    }
}

}  // namespace stele::inline v0::detail
