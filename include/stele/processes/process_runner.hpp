#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_manager.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>

namespace stele::inline v0 {

struct process_runner_options {
    /// What the time is, for deadlines. Tests give a clock that they set (manual_clock.hpp).
    std::function<timestamp()> now = [] {
        return std::chrono::time_point_cast<timestamp::duration>(std::chrono::system_clock::now());
    };
    /// How many instances of each process are kept in memory, so that their journals are not read again. 0: none.
    std::size_t cached_instances = 1000;
};

struct process_options {
    /// Where a process begins that has never run on this store: with the event after this position. The default begins
    /// with the first event ever; store.head() reacts to nothing that has happened before.
    position after{};
};

/// Runs process managers: hands them the events of a store, sends the commands they answer with, and keeps deadlines.
///
///     stele::process_runner runner{store};
///     runner.add<transfer_process>(bus);
///     runner.start();                                 // or, on the caller's thread: runner.catch_up();
///
/// Every event is handled once, in the order of positions, also across restarts and kills at any instant; every command
/// is decided once (process_manager.hpp says how). What a process did lies in the store: for each instance a stream
/// NAME-INSTANCE, its journal, with links to the events handled, the commands that were rejected, and deadlines; beside
/// the events a document of the kind "process" with its position, and one of the kind "deadline" for each that is set.
/// Deleting a journal forgets the instance and its deadlines. An event that is removed from its stream is missing from
/// the state as it is from that of an aggregate.
///
/// A command that meets a conflict is tried again; it is never passed over. A command to a stream that was tombstoned
/// is a rejection with the code "tombstoned".
///
/// A process that throws, or whose commands make send() throw, stops where it is, and does not keep the others from
/// their events: see failure(). It begins again with the same event at the next start() or catch_up().
///
/// Let one runner at a time run a process. Should two do it, here or in two programs, nothing is done twice: ids and
/// journals see to that. But where a deadline and an event come at the same moment, one of the two may have to stop
/// with an error.
///
/// Any thread may call anything; add() comes first.
class process_runner {
public:
    /// The store must outlive the runner.
    explicit process_runner(event_store& store, process_runner_options options = {});
    process_runner(process_runner&&) noexcept;
    process_runner& operator=(process_runner&&) noexcept;
    /// Stops, and waits for what is under way.
    ~process_runner();

    /// Registers the process manager P, whose commands go to `bus`: a command_bus, or anything that has its send().
    /// The bus must outlive the runner, and any thread may call it. Throws stele::error (invalid_argument) if a process
    /// of this name was added already, or while the runner is started.
    template <class P, class Bus>
    void add(Bus& bus, process_options options = {}) {
        add(detail::define_process<P>(bus), options);
    }

    /// Handles all events and all deadlines that are due, also those that come of it, on the caller's thread, until
    /// nothing is left to do; returns the store's head then.
    ///
    /// Throws stele::error once every process has had its turn: what an `evolve`, `react` or `instance` threw, or what
    /// sending a command threw, with process, instance, position and type; undecodable (an event or an entry of a
    /// journal does not parse); busy (a command still met a conflict after a quarter of a second); and what the store
    /// throws.
    stele::position catch_up();

    /// Does the same from now on, on a thread of its own, as events come and deadlines fall due; returns at once. Looks
    /// at the clock once a second at least. Does nothing if it is started already.
    void start();

    /// Ends what start() began, after the event at hand.
    void stop();

    /// Everything up to here has been handled by P, or is none of its events.
    template <class P>
    [[nodiscard]] stele::position position() const {
        return position(P::name);
    }
    [[nodiscard]] stele::position position(std::string_view name) const;

    /// Waits until position() is at least `reached`, or `timeout` is over, or P has stopped with a failure; returns
    /// whether it is.
    template <class P>
    [[nodiscard]] bool wait_for(stele::position reached, std::chrono::milliseconds timeout) const {
        return wait_for(P::name, reached, timeout);
    }
    [[nodiscard]] bool wait_for(std::string_view name, stele::position reached,
                                std::chrono::milliseconds timeout) const;

    /// What stopped P; nothing if it runs, or was not started. These throw invalid_argument for a name never added.
    template <class P>
    [[nodiscard]] std::exception_ptr failure() const {
        return failure(P::name);
    }
    [[nodiscard]] std::exception_ptr failure(std::string_view name) const;

private:
    void add(detail::process_definition definition, process_options options);

    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace stele::inline v0
