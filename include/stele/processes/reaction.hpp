#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/eventstore/event.hpp>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a process manager does about an event: commands to send, deadlines to set and to cancel.
namespace stele::inline v0 {

/// A command that a process manager sent and an aggregate rejected: handed to its `evolve` and `react` as an event is.
template <class Command>
struct rejected {
    Command command;
    rejection reason;
};

namespace detail {

/// One thing that is to be done.
struct reaction_step {
    enum class action : std::uint8_t { send, set_at, set_after, cancel };
    action what;
    std::shared_ptr<const google::protobuf::Message> command = {};  ///< None for `cancel`.
    std::string deadline = {};                                      ///< Its name; empty for `send`.
    timestamp due = {};                                             ///< For `set_at`.
    std::chrono::microseconds delay = {};                           ///< For `set_after`.
};
using reaction_steps = std::vector<reaction_step>;

/// The part of a reaction that does not depend on the process.
class any_reaction {
public:
    /// What is to be done, in order.
    [[nodiscard]] const reaction_steps& steps() const noexcept { return steps_; }

protected:
    void add(reaction_step step) { steps_.push_back(std::move(step)); }

private:
    reaction_steps steps_;
};

}  // namespace detail

/// The answer of a process manager to an event; empty when there is nothing to do. Commands are sent in this order.
///
///     return reaction{}.send(withdraw(source, amount)).after(24h, "timeout", cancel(transfer));
///
/// Only commands that the process lists in its `commands` are taken; another one does not compile.
template <class Process>
class reaction : public detail::any_reaction {
public:
    /// Sends a command at once.
    template <class Command>
    reaction& send(Command command) & {
        return add_step({.what = action::send, .command = own(std::move(command))});
    }

    /// Sends a command when it is `due`, or at once if that has passed: sets the deadline `name` of this instance. A
    /// deadline that has this name already is replaced. It outlives restarts. Names are 1 to 100 bytes of UTF-8.
    template <class Command>
    reaction& at(timestamp due, std::string name, Command command) & {
        return add_step({action::set_at, own(std::move(command)), std::move(name), due, {}});
    }

    /// The same, counted from when the event is handled. (Counted from when it was recorded: at(at.recorded_at + …).)
    template <class Command>
    reaction& after(std::chrono::microseconds delay, std::string name, Command command) & {
        return add_step({action::set_after, own(std::move(command)), std::move(name), {}, delay});
    }

    /// Cancels the deadline `name` of this instance; fine if there is none, or if its command was sent already.
    reaction& cancel(std::string_view name) & {
        return add_step({.what = action::cancel, .deadline = std::string{name}});
    }

    // The same for `return reaction{}.send(…);`.
    template <class Command>
    reaction&& send(Command command) && {
        return std::move(send(std::move(command)));
    }
    template <class Command>
    reaction&& at(timestamp due, std::string name, Command command) && {
        return std::move(at(due, std::move(name), std::move(command)));
    }
    template <class Command>
    reaction&& after(std::chrono::microseconds delay, std::string name, Command command) && {
        return std::move(after(delay, std::move(name), std::move(command)));
    }
    reaction&& cancel(std::string_view name) && { return std::move(cancel(name)); }

private:
    using action = detail::reaction_step::action;

    template <class Command>
    static std::shared_ptr<const google::protobuf::Message> own(Command command) {
        static_assert(
            detail::listed_in<Command, decltype(Process::commands)>,
            "this command is not one of the process: add it to the `commands` of the process, and an `evolve` "
            "and a `react` that take `stele::rejected<Command>`");
        return std::make_shared<const Command>(std::move(command));
    }
    reaction& add_step(detail::reaction_step step) {
        add(std::move(step));
        return *this;
    }
};

}  // namespace stele::inline v0
