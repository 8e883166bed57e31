#pragma once

#include "processes/process_deadlines.hpp"
#include "processes/process_journal.hpp"

#include <stele/eventstore/event_store.hpp>
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

class process_step;

/// One process of a runner: its position in the store, and the cached instances.
/// Any thread may call anything; calls of run() run one after the other.
class process_worker {
public:
    /// Reads the checkpoint of the process, or writes the first one.
    process_worker(event_store& store, command_bus_base& bus, process_definition definition, process_options options,
                   const process_runner_options& settings);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }

    /// Handles the events up to the head, then the deadlines that are due; returns whether there was anything to
    /// handle. Ends after the event in progress when a stop is requested. Throws what process_runner::catch_up() does.
    bool run(const std::stop_token& stop);

    /// When the next deadline is due.
    [[nodiscard]] std::optional<timestamp> next_due();

    [[nodiscard]] stele::position position() const;
    /// Returns the position once it is at least `reached`; nothing when the time is over or the process has failed.
    [[nodiscard]] std::optional<stele::position> wait_for(stele::position reached,
                                                          std::chrono::milliseconds timeout) const;
    /// What stopped the process; null if nothing did.
    [[nodiscard]] std::exception_ptr failure() const;
    [[nodiscard]] std::string last_error() const;
    void report(std::exception_ptr failure, bool stops) noexcept;
    void clear_failure();

private:
    bool handle_events(stele::position head, const std::stop_token& stop);
    bool handle_deadlines(const std::stop_token& stop);
    bool handle(const recorded_event& event);
    void handle(const recorded_event& event, const std::string& instance, bool is_last);
    void fire(const due_deadline& deadline);
    [[nodiscard]] process_instance take_instance(const stream_id& journal);
    void keep_instance(const stream_id& journal, process_instance instance);
    bool commit(const stream_id& journal, process_instance& instance, process_step& step);
    [[nodiscard]] document_write checkpoint(stele::position reached) const;
    void save(stele::position reached);
    void advance(stele::position reached);

    event_store& store_;
    command_bus_base& bus_;
    process_definition definition_;
    event_filter filter_;
    std::function<timestamp()> now_;
    std::size_t cached_instances_;

    std::mutex run_mutex_;  // guards the members below
    event_decoder decoder_;
    std::unordered_map<std::string, process_instance> instances_;  // by journal
    stele::position saved_;                                        // the checkpoint in the store

    mutable std::mutex mutex_;  // guards the members below
    mutable std::condition_variable changed_;
    stele::position reached_;
    std::exception_ptr failure_;
    std::string last_error_;
};

}  // namespace stele::inline v0::detail
