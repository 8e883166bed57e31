#pragma once

#include <stele/eventstore/clock.hpp>
#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/processes/process_limits.hpp>
#include <stele/processes/process_manager.hpp>
#include <stele/processes/process_status.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

class command_bus_base;
class event_store;

/// How a process runner behaves.
struct process_runner_options {
    /// Returns the current time, in any unit, for deadlines. Tests give a clock that they set (manual_clock.hpp).
    std::function<detail::saturated<timestamp>()> now = bounded_clock();
    /// How many instances of each process are cached, so that their journals are not read again. 0: none.
    std::size_t cached_instances = 1000;
    /// How many events of a process are handled at most before what they lead to is appended, all of it together. More
    /// is faster, until the commands of other threads wait for the instances that a batch holds. 1: each event alone.
    /// At least 1.
    std::size_t events_per_batch = 256;
    /// Most commands that one event or deadline may lead to, with those that answer rejections: what ends a process
    /// that answers a rejection with the same command. More is an error at that event. At least 1.
    std::uint64_t commands_per_turn = max_commands_per_turn;
    /// How many times in a row a process may fail at one event or deadline in the background before it is faulted, or
    /// the event becomes a dead letter. At least 1. catch_up() tries once.
    unsigned attempts = 5;
    /// The pause after the first failure. It doubles with each further one, up to 64 times this value. In any
    /// unit; 0: no pause.
    detail::saturated<std::chrono::milliseconds> first_backoff = std::chrono::milliseconds{100};
};

/// How one process is run.
struct process_options {
    /// Where a process begins that has never run on this store: with the event after this position. The default begins
    /// with the first event; store.head() reacts to nothing that happened before. Beyond the head is an error.
    position after{};
    /// History sets no deadlines that are older than this; the journal says that they were missed. History is what
    /// occurred longer than this before it was recorded (occurred_at in metadata.hpp), and what was in the store when
    /// the process first ran. The age counts from when the event was recorded, or from the last event that was there.
    /// Any other event may set a deadline in the past, which fires at once, and one that falls due while nothing runs
    /// always fires. In any unit; microseconds::max(): every deadline is set, and fires at once if it is in the past.
    /// Negative is an error.
    detail::saturated<std::chrono::microseconds> skip_deadlines_older_than = std::chrono::days{1};
};

/// Runs process managers: delivers the events of a store to them, sends their commands, and fires their deadlines.
///
///     stele::process_runner runner{store};
///     runner.add<transfer_process>(bus);
///     runner.start();                                 // or, on the caller's thread: runner.catch_up();
///
/// Every event is handled once, in the order of positions, across restarts and kills at any instant; every command is
/// decided once (process_manager.hpp says how). All state is in the store: for each instance a stream NAME-INSTANCE,
/// its journal, with links to the events handled, the commands that were rejected, deadlines, and its end; beside them
/// a document of the kind "process" with its position, and one of the kind "deadline" for each that is set. Deleting a
/// journal forgets the instance, its deadlines and its dead letters; the next event starts it over. Tombstoning it ends
/// the instance for good: its events are passed over. An event that is removed from its stream is missing from the
/// state, as it is from that of an aggregate.
///
/// Before a deadline fires, the events up to the head are handled, also those that earlier deadlines have led to: so an
/// event in time cancels a deadline, even where both were due while nothing ran. Deadlines fire in the order of their
/// times; those due at the same instant in the order of the instances, then of their names, by bytes.
///
/// What up to `events_per_batch` events lead to is stored in one append, together with the position. An event for which
/// something stands in the way is handled alone, with an append for each command (docs/processes.md); so is every event
/// where the bus has middleware, or is over another store.
///
/// A command that meets a conflict is retried and never skipped. A command to a tombstoned stream is a rejection with
/// the code "tombstoned".
///
/// A process that throws, or whose commands make send() throw, is tried again after a pause, up to `attempts` times in
/// a row. What happens then depends on the cause:
///
/// - Stele refuses the event or what it leads to (invalid_argument, undecodable), so that no attempt can succeed: the
///   event becomes a dead letter. Later events and the deadlines of the same instance wait behind it, until a replay or
///   until its event is removed from the store; other instances continue.
/// - Anything else, such as an exception of a handler, a journal that cannot be read, or a full disk: the process is
/// faulted and stops at that event;
///   the other processes continue. start() and catch_up() run it again, from the same event.
///
/// A process that declares `static constexpr auto on_fault = stele::on_fault::stop;` stops in both cases. With
/// `stele::on_fault::dead_letter` the exceptions of handlers (handler_failed) make dead letters, too; what is no fault
/// of the event still stops it.
///
/// An event whose instance cannot be found (it does not parse, or `instance_id` throws or makes no stream name) is a
/// dead letter of its own, with an empty key, and nothing waits behind it. A deadline whose command cannot be sent is
/// one, too: the entry of the journal that set it. Dead letters are documents of the kind "process_dead_letter",
/// written together with the position of the process.
///
/// Let one runner at a time run a process. If two do, here or in two programs, nothing is done twice, thanks to keys
/// and journals. But where a deadline and an event come at the same moment, one of the two may stop with an error.
///
/// Threads: any thread may call anything. add() comes before start(); a catch_up() that is under way when another
/// thread adds a process may leave that one out. Inside its own handlers (those of the processes, and what their
/// commands run) the functions that would wait for them throw invalid_argument, and stop() asks and does not wait.
///
/// A handler may destroy its runner, or assign to it. The background then stops after the event in progress. The calls
/// that are under way, such as the catch_up() that runs the handler, continue to their end and return as usual; only
/// wait_for() returns at once. The store and the bus must live until the last of them has returned.
class process_runner {
public:
    /// The store must outlive the runner. Throws stele::error (invalid_argument) if an option is out of range.
    explicit process_runner(event_store& store, process_runner_options options = {});
    process_runner(process_runner&&) noexcept;
    process_runner& operator=(process_runner&&) noexcept;
    /// As stop().
    ~process_runner();

    /// Registers the process manager P, which sends its commands through `bus`, a command_bus. The bus must outlive the
    /// runner. A command that no aggregate of the bus decides does not compile; it throws if `bus` is a
    /// command_bus_base. Throws stele::error (invalid_argument) also if a process of this name was added before, or the
    /// runner is started; other_store if the process has never run on this store and is to begin beyond its head.
    template <class P, class Bus>
    void add(Bus& bus, process_options options = {}) {
        static_assert(std::derived_from<Bus, command_bus_base>,
                      "a process sends its commands through a stele::command_bus: pass one to add()");
        detail::check_process_bus<P, Bus>();
        add(detail::define_process<P>(), bus, options);
    }

    /// Handles all events and all deadlines that are due, and everything that follows from them, on the caller's
    /// thread, until nothing is left to do; returns the store's head then. Looks at the clock once, when it begins. A
    /// deadline that has fired and is set again for a time that has come waits for the next call.
    ///
    /// Throws stele::error after every process was tried. Each message names the process and the instance, and for a
    /// failed event its position, stream and type, or the name of the deadline. Kinds:
    ///   - handler_failed (`evolve`, `react` or `instance_id` threw), or the kind of the stele::error that it threw
    ///   - undecodable (an event or an entry of a journal does not parse)
    ///   - busy (a command still met a conflict after a quarter of a second)
    ///   - what the store and sending a command throw
    stele::position catch_up();

    /// Does the same on a thread of its own as events come and deadlines fall due; returns at once. Checks the clock at
    /// least once a second. Starts what is not running: everything after stop(), and processes that are faulted. No
    /// effect on those that run.
    void start();

    /// Ends the background thread after the event in progress; what was handled is stored. No effect if nothing was
    /// started. Inside a handler it only asks for that.
    void stop();

    /// The status of each process, in the order in which they were added.
    [[nodiscard]] std::vector<process_status> status() const;

    /// The dead letters of P after a position, in order, at most `limit`, and what else there is of the last position:
    /// an event may be one of several instances. The key of each is its instance.
    /// Throws invalid_argument if P was not added; and what the store throws.
    template <class P>
    [[nodiscard]] std::vector<dead_letter> dead_letters(stele::position after = {}, std::size_t limit = 1000) const {
        return dead_letters(P::name, after, limit);
    }
    /// The same, by name.
    [[nodiscard]] std::vector<dead_letter> dead_letters(std::string_view name, stele::position after = {},
                                                        std::size_t limit = 1000) const;

    /// Handles the dead letters of P in order, on the caller's thread. One that fails again stays, and so do those of
    /// its instance behind it. Commands that were sent before a failure are not sent again, as long as the process
    /// still sends the same ones in the same order. `applied` counts those that were handled. Throws invalid_argument
    /// if P was not added, or inside a handler; and what the store and sending a command throw, unless the event is the
    /// cause.
    template <class P>
    dead_letter_replay replay_dead_letters() {
        return replay_dead_letters(P::name);
    }
    /// The same, by name.
    dead_letter_replay replay_dead_letters(std::string_view name);

    /// Drops one dead letter of P for good, without handling it; `instance` is its key. If it is a deadline, that is
    /// cancelled. What waits behind it goes on with the next replay. Returns whether there was such a dead letter.
    /// Throws invalid_argument if P was not added, or inside a handler; and what the store throws.
    template <class P>
    bool discard_dead_letter(stele::position position, std::string_view instance) {
        return discard_dead_letter(P::name, position, instance);
    }
    /// The same, by name.
    bool discard_dead_letter(std::string_view name, stele::position position, std::string_view instance);

    /// Everything up to here (inclusive) was handled by P, is a dead letter, or is none of its events.
    template <class P>
    [[nodiscard]] stele::position position() const {
        return position(P::name);
    }
    /// The same, by name.
    [[nodiscard]] stele::position position(std::string_view name) const;

    /// Waits at most `timeout` until position() of P is at least `reached`, and returns that position. Returns a
    /// process_wait_failure when the time is over, and at once when P is faulted or a handler destroys the runner. The
    /// timeout is in any unit; 0 or less: it does not wait.
    template <class P>
    [[nodiscard]] std::expected<stele::position, process_wait_failure> wait_for(
        stele::position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
        return wait_for(P::name, reached, timeout);
    }
    /// The same, by name.
    [[nodiscard]] std::expected<stele::position, process_wait_failure> wait_for(
        std::string_view name, stele::position reached, detail::saturated<std::chrono::milliseconds> timeout) const;

    /// Waits at most `timeout` until everything is done that follows from the event at `cause`, and returns the
    /// position of the last event that followed, or `cause`. Usually that is the position of a receipt:
    ///
    ///     auto approved = bus.send(approve("t1"));
    ///     auto done     = runner.wait_for_outcome(approved->position, 2s);
    ///
    /// What follows: the processes of this runner handle the event, and then the events of their commands, and so on,
    /// as long as these have the correlation id of the first one (causation.hpp). Deadlines that are due when the call
    /// begins fire first; later ones do not count.
    ///
    /// Returns a process_wait_failure when the time is over, and at once when a process is faulted, or one of those
    /// events is a dead letter, or there is something left to do and nothing runs (start() was not called, or stop()
    /// was). The timeout is in any unit; 0 or less: it does not wait. Throws invalid_argument inside a handler, and
    /// what the store throws.
    [[nodiscard]] std::expected<stele::position, process_wait_failure> wait_for_outcome(
        stele::position cause, detail::saturated<std::chrono::milliseconds> timeout) const;

    /// The exception that stopped P; nothing if it is not faulted. These throw invalid_argument for a name never added.
    template <class P>
    [[nodiscard]] std::exception_ptr failure() const {
        return failure(P::name);
    }
    /// The same, by name.
    [[nodiscard]] std::exception_ptr failure(std::string_view name) const;

private:
    void add(detail::process_definition definition, command_bus_base& bus, process_options options);

    struct state;
    detail::pimpl<std::shared_ptr<state>> state_;  // each call and the thread hold it, too
};

}  // namespace stele::inline v0
