#pragma once

#include <stele/codec/detail/type_list.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/rejection.hpp>

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The answer of a process manager to an event: commands to send, deadlines to set and to cancel, or the end.
namespace stele::inline v0 {

/// A command that a process manager sent and an aggregate rejected. Its `evolve` and `react` get it like an event.
template <class Command>
struct rejected {
    Command command;   ///< The command, as it was sent.
    rejection reason;  ///< Why it was rejected.
};

namespace detail {

/// One action of a reaction.
struct reaction_action {
    enum class type : std::uint8_t { send, set_at, set_after, cancel, end };
    type kind;
    std::shared_ptr<const google::protobuf::Message> command = {};  ///< None for `cancel` and `end`.
    std::string deadline = {};                                      ///< Its name; empty for `send` and `end`.
    timestamp due = {};                                             ///< For `set_at`.
    std::chrono::microseconds delay = {};                           ///< For `set_after`.
};
using reaction_actions = std::vector<reaction_action>;

/// The part of a reaction that does not depend on the process.
class any_reaction {
public:
    /// In order.
    [[nodiscard]] const reaction_actions& actions() const& noexcept { return actions_; }
    [[nodiscard]] reaction_actions actions() && noexcept { return std::move(actions_); }

protected:
    void add(reaction_action action) { actions_.push_back(std::move(action)); }

private:
    reaction_actions actions_;
};

}  // namespace detail

/// The answer of a process manager to an event; empty if there is nothing to do. Commands are sent in this order.
///
///     return reaction{}.send(withdraw(source, amount)).after(24h, "timeout", cancel(transfer));
///
/// Takes only commands that the process lists in its `commands`; another one does not compile.
template <class Process>
class reaction : public detail::any_reaction {
public:
    /// Sends a command at once.
    template <class Command>
    reaction& send(Command command) & {
        return append({.kind = type::send, .command = own(std::move(command))});
    }

    /// Sends a command at the time `due`, or at once if that has passed, unless it had passed long before the event was
    /// recorded (process_options::skip_deadlines_older_than): sets the deadline `name` of this instance and replaces
    /// one of the same name. It survives restarts. Names are 1 to 100 bytes of UTF-8. The time is in any unit; one
    /// before timestamp::min() or after timestamp::max() becomes that.
    template <class Command>
    reaction& at(detail::saturated<timestamp> due, std::string name, Command command) & {
        return append({type::set_at, own(std::move(command)), std::move(name), due, {}});
    }

    /// The same, counted from the time of the event, occurred_at(event) (metadata.hpp), however late it is handled; in
    /// the answer to a rejected command of a deadline, from when that fired, or if the event that set it has an
    /// occurred_at of its own, from when it was due. A delay in any unit; one that is too long for a timestamp ends at
    /// the last one, timestamp::max().
    template <class Command>
    reaction& after(detail::saturated<std::chrono::microseconds> delay, std::string name, Command command) & {
        return append({type::set_after, own(std::move(command)), std::move(name), {}, delay});
    }

    /// Cancels the deadline `name` of this instance; no effect if there is none or if its command was already sent.
    reaction& cancel(std::string_view name) & { return append({.kind = type::cancel, .deadline = std::string{name}}); }

    /// Ends this instance when the turn is over: the commands of the turn are sent, rejections of them are answered,
    /// and then its state is dropped and all its deadlines are cancelled. Its later events are passed over, except
    /// those that the process lists in `starts`, which start it over with a new state. The journal stays.
    reaction& end() & { return append({.kind = type::end}); }

    /// The same for `return reaction{}.send(…);`. These return a value, which does not refer to the temporary.
    template <class Command>
    reaction send(Command command) && {
        return std::move(send(std::move(command)));
    }
    /// The same for a temporary.
    template <class Command>
    reaction at(detail::saturated<timestamp> due, std::string name, Command command) && {
        return std::move(at(due, std::move(name), std::move(command)));
    }
    /// The same for a temporary.
    template <class Command>
    reaction after(detail::saturated<std::chrono::microseconds> delay, std::string name, Command command) && {
        return std::move(after(delay, std::move(name), std::move(command)));
    }
    /// The same for a temporary.
    reaction cancel(std::string_view name) && { return std::move(cancel(name)); }
    /// The same for a temporary.
    reaction end() && { return std::move(end()); }

private:
    using type = detail::reaction_action::type;

    template <class Command>
    static std::shared_ptr<const google::protobuf::Message> own(Command command) {
        static_assert(
            detail::listed_in<Command, decltype(Process::commands)>,
            "this command is not one of the process: add it to the `commands` of the process, and an `evolve` "
            "and a `react` that take `stele::rejected<Command>`");
        return std::make_shared<const Command>(std::move(command));
    }
    reaction& append(detail::reaction_action action) {
        add(std::move(action));
        return *this;
    }
};

}  // namespace stele::inline v0
