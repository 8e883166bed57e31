#pragma once

#include "processes/process_deadlines.hpp"
#include "processes/process_journal.hpp"

#include <stele/processes/process_runner.hpp>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

namespace stele::inline v0::detail {

class process_turn;

/// One process of a runner: its place in the store, and the instances that are kept in memory.
/// Any thread may call anything; calls of run() take turns.
class process_worker {
public:
    /// Reads where the process has come, or lays down where it begins.
    process_worker(event_store& store, process_definition definition, process_options options,
                   const process_runner_options& settings);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }

    /// Handles the events up to the head, then the deadlines that are due; returns whether there was anything to
    /// handle. Ends after the event at hand when a stop is requested. Throws what process_runner::catch_up() does.
    bool run(const std::stop_token& stop);

    /// When the next deadline is due.
    [[nodiscard]] std::optional<timestamp> next_due();

    [[nodiscard]] stele::position position() const;
    [[nodiscard]] bool wait_for(stele::position reached, std::chrono::milliseconds timeout) const;
    [[nodiscard]] std::exception_ptr failure() const;
    void set_failure(std::exception_ptr failure);

private:
    bool handle_events(stele::position head, const std::stop_token& stop);
    bool handle_deadlines(const std::stop_token& stop);
    bool handle(const recorded_event& event);
    void handle(const recorded_event& event, const std::string& instance, bool is_last);
    void pass(const deadline_place& deadline);
    [[nodiscard]] process_instance take_instance(const stream_id& journal);
    void keep_instance(const stream_id& journal, process_instance instance);
    bool commit(const stream_id& journal, process_instance& instance, process_turn& turn);
    [[nodiscard]] document_write checkpoint(stele::position reached) const;
    void save(stele::position reached);
    void advance(stele::position reached);

    event_store& store_;
    process_definition definition_;
    event_filter filter_;
    std::function<timestamp()> now_;
    std::size_t cached_instances_;

    std::mutex turn_;  // guards what follows
    event_decoder decoder_;
    std::unordered_map<std::string, process_instance> instances_;  // by journal
    stele::position saved_;                                        // the checkpoint in the store

    mutable std::mutex mutex_;  // guards what follows
    mutable std::condition_variable changed_;
    stele::position reached_;
    std::exception_ptr failure_;
};

}  // namespace stele::inline v0::detail
