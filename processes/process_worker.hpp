#pragma once

#include "processes/journal/journal_removals.hpp"
#include "processes/journal/process_dead_letters.hpp"
#include "processes/journal/process_deadlines.hpp"
#include "processes/journal/process_journal.hpp"
#include "processes/process_progress.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_runner.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

namespace stele::inline v0::detail {

class process_batch;
class process_step;
struct deadline_terms;

/// One process of a runner: its position in the store, and the cached instances.
/// Any thread may call anything; calls of run() and replay_dead_letters() run one after the other.
class process_worker {
public:
    /// Reads the checkpoint of the process, or writes the first one.
    process_worker(event_store& store, command_bus_base& bus, process_definition definition, process_options options,
                   const process_runner_options& settings);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }
    [[nodiscard]] process_progress& progress() noexcept { return progress_; }

    /// Handles the events up to the head, then one deadline of the round, if one is left; begins the round if it is
    /// new. Returns whether there was anything to handle. Ends after the event in progress when a stop is requested.
    /// Throws what process_runner::catch_up() does. With `retries`, what fails becomes a dead letter at its last
    /// attempt only, otherwise at once; and a round that is over is new again.
    bool run(deadline_round& round, const std::stop_token& stop, bool retries);

    /// Stores how far it has come, if it has passed events that left nothing else in the store. run() without `retries`
    /// does so, too. Throws what the store throws.
    void settle();

    /// When the next deadline is due, of those that do not wait behind a dead letter.
    [[nodiscard]] std::optional<timestamp> next_due();

    [[nodiscard]] std::vector<dead_letter> dead_letters() const { return list_dead_letters(store_, name()); }
    dead_letter_replay replay_dead_letters();
    /// Returns whether there was one.
    bool discard_dead_letter(stele::position position, std::string_view instance);

private:
    using documents = std::vector<document_write>;

    bool handle_events(stele::position head, const std::stop_token& stop);
    void begin(const process_options& options);
    /// Reads the checkpoint; returns whether there is one.
    bool resume();
    void expect_reached(stele::position head) const;
    void report_if_other_store();
    bool fire_next(const std::stop_token& stop);
    /// Whether the deadline waits behind a dead letter.
    [[nodiscard]] bool waits(const due_deadline& deadline, const std::map<std::string, stele::position>& letters) const;

    /// How an event may come to an instance: its journal, and whether the event may start it.
    struct delivery {
        stream_id journal;
        bool may_start = true;
    };
    [[nodiscard]] std::vector<delivery> deliveries_of(const std::vector<located_instance>& instances) const;

    /// Handles events of a batch that was read, from `first` on, and writes what they lead to in one append. Returns
    /// how many; 0 if the first of them must be handled alone.
    std::size_t handle_together(const event_batch& events, std::size_t first, const std::stop_token& stop, bool& any);
    /// Lets the events have their turns in the batch, at most so many, and says how many did. If one cannot be part of
    /// the batch, nothing may be written; it is handled alone, or begins the next one.
    struct collected {
        std::size_t count = 0;
        std::size_t handled = 0;  ///< Those of them that were not passed over.
        bool has_failed = false;
        bool is_alone = false;
    };
    collected collect(process_batch& batch, const event_batch& events, std::size_t first, std::size_t most,
                      const std::stop_token& stop);
    enum class batch_outcome : std::uint8_t { written, conflict, failed };
    /// Appends it. `first` is its first event, which a fault of the store names.
    batch_outcome finish(process_batch& batch, const recorded_event& first, stele::position reached);

    /// Returns whether there was anything to handle.
    bool handle(const recorded_event& event);
    /// Returns whether the instance has handled it, now or earlier, or it is a dead letter; not if it was passed over.
    bool handle(const recorded_event& event, const delivery& to, const documents& with);
    /// The same. Writes `with` together with the entries of the journal; of what is passed over, only if it is late.
    bool deliver(const recorded_event& event, const delivery& to, const documents& with, bool is_late);
    [[nodiscard]] bool takes(const process_instance& instance, const delivery& to) const {
        return instance.exists() || (to.may_start && (!instance.is_ended || definition_.lists_starts));
    }
    [[nodiscard]] deadline_terms terms_of(const recorded_event& event) const;
    void fire(const due_deadline& deadline, const documents& with);
    void fire_or_put_aside(const due_deadline& deadline);

    /// Whether the exception in progress makes a dead letter now.
    [[nodiscard]] bool may_put_aside() const;
    void put_aside(dead_letter letter, documents with);

    bool replay(const recorded_event& event, const dead_letter& letter);
    void cancel_deadline(const recorded_event& entry, const dead_letter& letter);

    /// For the next attempt at a turn: throws busy after very many.
    void expect_attempt(unsigned number, const stream_id& journal) const;
    [[nodiscard]] process_instance take_instance(const stream_id& journal);
    void keep_instance(const stream_id& journal, process_instance instance);
    /// Clears the cached instances if anything was removed from the store; returns whether there was.
    bool forget_removed();
    /// Returns whether the turn was written; not if something came first, and it must be taken again.
    bool commit(const stream_id& journal, process_instance instance, process_step& step, const documents& with);
    void write_if_any(const documents& with);
    [[nodiscard]] document_write checkpoint(stele::position reached) const;
    void save(stele::position reached);
    void save_seen();

    event_store& store_;
    command_bus_base& bus_;
    process_definition definition_;
    event_query filter_;
    process_runner_options settings_;
    const std::chrono::microseconds oldest_deadline_;
    /// The last event that was there when the process first ran, and when it was recorded.
    stele::position began_;
    std::optional<timestamp> began_at_;

    std::mutex run_mutex_;  // guards the members below
    event_decoder decoder_;
    std::unordered_map<std::string, process_instance> instances_;  // by journal
    stele::position saved_;                                        // the checkpoint in the store
    stele::position last_seen_;                                    // the last event of its types
    stele::position last_removal_;                                 // that the cached instances know of
    bool retries_ = false;
    deadline_round* round_ = nullptr;  // of the run in progress
    process_batch* batch_ = nullptr;   // of which the event in progress is part
    stele::position alone_until_;      // events up to here are handled one by one
    bool has_letters_ = true;          // as the batch begins

    process_progress progress_;
    journal_removals removals_;
};

}  // namespace stele::inline v0::detail
