#pragma once

#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/metadata.hpp>

#include <google/protobuf/message.h>

#include <chrono>
#include <concepts>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// What happens around every command of a bus: logging, checks, retries.
///
///     bus.use(stele::log_commands(write_line))
///         .use(stele::authorize([](const stele::sent_command& c) { return c.about.actor == "teller"; }))
///         .use([](stele::sent_command& command, const stele::next_step& next) {
///             command.about.headers["host"] = host_name();
///             return next(command);
///         });
///
/// The first one added is the outermost: it sees a command first and its result last.
namespace stele::inline v0 {

using command_result = std::expected<receipt, command_error>;

/// A command on its way through a bus.
struct sent_command {
    const google::protobuf::Message& message;
    const stream_id& stream;  ///< Of the aggregate instance that it is for.
    const send_options& how;
    /// What its events will carry; causation and correlation are in it already. May be changed before the next step.
    metadata about;

    /// The full name of the command, for example "bank.WithdrawMoney".
    [[nodiscard]] const std::string& type() const { return message.GetDescriptor()->full_name(); }
};

class next_step;

/// Returns what `next(command)` returns, or something else: without calling it, after calling it more than once (each
/// time the command is sent anew), or with something done before and after. May throw. Any thread may call it at any
/// time, so what it keeps must stand that.
using middleware = std::function<command_result(sent_command& command, const next_step& next)>;

/// What comes after a middleware: the next one, and in the end the aggregate.
class next_step {
public:
    /// Good for the call of the middleware that it is given to.
    command_result operator()(sent_command& command) const;

    /// For the bus: goes through `rest`, and then calls `last` with `context`.
    using last_step = command_result (*)(const void* context, const sent_command& command);
    next_step(std::span<const middleware> rest, last_step last, const void* context)
        : rest_(rest), last_(last), context_(context) {}

private:
    std::span<const middleware> rest_;
    last_step last_;
    const void* context_;
};

/// Answers a command with a rejection, from a middleware that does not let it pass; it tells 0 attempts.
[[nodiscard]] command_result reject_sent(const sent_command& command, rejection why);

/// Hands `sink` one line for each command: what it was, for which stream, what came of it, and how long it took.
///
///     bank.WithdrawMoney for account-42: version 7, position 99 (0.8 ms)
///
/// The line ends without a line break and is good for that call; an exception is told and thrown on. `sink` must not
/// throw.
middleware log_commands(std::function<void(std::string_view line)> sink);

/// Tells how long each command took, also one that was rejected or ended with an exception. `record` must not throw.
middleware time_commands(std::function<void(const sent_command&, std::chrono::nanoseconds)> record);

/// Lets only those commands pass that `allowed` says yes to; who asks is in about.actor. The others are rejected with
/// the code "not_authorized".
middleware authorize(std::function<bool(const sent_command&)> allowed);

struct retry_options {
    /// How many times the command is sent at most, the first time included. The bus itself decides a command again
    /// after a conflict, several times and at once; each of these is one round of that.
    unsigned attempts = 5;
    /// The wait before the second attempt is random, up to this long; the bound doubles each time.
    std::chrono::nanoseconds first_wait = std::chrono::milliseconds{2};
    std::chrono::nanoseconds longest_wait = std::chrono::milliseconds{200};
    /// Waits. The default sleeps.
    std::function<void(std::chrono::nanoseconds)> sleep = {};
    /// Returns a number in [0, 1), from any thread. The default is a random one.
    std::function<double()> random = {};
};

/// Sends a command again when it ends with a conflict, after a wait, a bounded number of times. A stream that was
/// tombstoned is not tried again. Put it inside log_commands to see one line for all attempts, outside for one each.
/// Throws stele::error (invalid_argument) for 0 attempts.
middleware retry_on_conflict(retry_options options = {});

namespace detail {

middleware validate(const google::protobuf::Descriptor& type,
                    std::function<std::optional<rejection>(const google::protobuf::Message&)> check);

}  // namespace detail

/// Rejects commands of one type that do not stand a check: what can be said without a state, before one is loaded.
///
///     bus.use(stele::validate<DepositMoney>([](const DepositMoney& command) -> std::optional<stele::rejection> {
///         if (command.amount() <= 0) return stele::reject("not_positive", "amount {}", command.amount());
///         return {};
///     }));
template <class Command, class Check>
middleware validate(Check check) {
    static_assert(std::derived_from<Command, google::protobuf::Message>,
                  "validate<Command>: name the command that is checked, a generated Protobuf message");
    static_assert(std::is_invocable_r_v<std::optional<rejection>, Check&, const Command&>,
                  "validate<Command>: give a function that takes `const Command&` and returns "
                  "`std::optional<stele::rejection>`, nothing if the command may pass");
    return detail::validate(*Command::descriptor(),
                            [check = std::move(check)](const google::protobuf::Message& message) mutable {
                                return std::optional<rejection>{check(static_cast<const Command&>(message))};
                            });
}

}  // namespace stele::inline v0
