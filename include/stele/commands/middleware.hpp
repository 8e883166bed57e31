#pragma once

#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/metadata.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace google::protobuf {
class Descriptor;  // NOLINT(readability-identifier-naming)
class Message;     // NOLINT(readability-identifier-naming)
}  // namespace google::protobuf

/// Code that runs around every command of a bus: logging, checks, retries.
///
///     stele::command_bus<account> bus{store, {.middleware = {
///         stele::log_commands(write_line),
///         stele::authorize([](const stele::sent_command& c) { return c.metadata.actor == "teller"; }),
///         [](stele::sent_command& command, const stele::next_step& next) {
///             command.metadata.headers["host"] = host_name();
///             return next(command);
///         }}}};
///
/// The first one is the outermost: it sees a command first and its result last.
namespace stele::inline v0 {

/// What sending a command returns: its receipt, or why it failed.
using command_result = std::expected<receipt, command_error>;

/// A command on its way through a bus.
struct sent_command {
    const google::protobuf::Message& message;  ///< The command itself.
    const stream_id& stream;                   ///< Of the aggregate instance that it is for.
    const send_options& options;               ///< As given to send().
    /// What its events will carry, complete with causation and correlation. May be changed before the next step.
    stele::metadata metadata;
    /// It is one of several that are appended together (transaction.hpp), or that a process sends in a batch. A receipt
    /// that `next` returns then says what was decided: nothing is stored yet, so it has no position, and it may come to
    /// nothing. The command may pass through the middleware again.
    bool is_in_transaction = false;

    /// The full name of the command, for example "bank.WithdrawMoney".
    [[nodiscard]] const std::string& type() const;
};

class next_step;

/// Returns the result of `next(command)`, or something else: without calling it, after calling it more than once (the
/// command is then sent again), or with actions before and after. What it throws passes through send() unchanged. Any
/// thread may call it at any time, so its state must be thread-safe.
using middleware = std::function<command_result(sent_command& command, const next_step& next)>;

/// The rest of the way: the next middleware, and finally the aggregate.
class next_step {
public:
    /// Valid during the call of the middleware that it is given to.
    command_result operator()(sent_command& command) const;

    /// For the bus: goes through `rest`, and then calls `last` with `context`.
    using last_step = command_result (*)(const void* context, const sent_command& command);
    /// For the bus.
    next_step(std::span<const middleware> rest, last_step last, const void* context)
        : rest_(rest), last_(last), context_(context) {}

private:
    std::span<const middleware> rest_;
    last_step last_;
    const void* context_;
};

/// Rejects a command from a middleware; the error reports 0 attempts.
[[nodiscard]] command_result reject_sent(const sent_command& command, rejection reason);

/// Passes `sink` one line for each command: its type, its stream, the result, and how long it took.
///
///     bank.WithdrawMoney for account-42: version 7, position 99 (0.8 ms)
///
/// The line is valid during that call. It has no control characters: those of a rejection or an exception are escaped
/// ("\\n"). Any exception of the command is reported and rethrown; what `sink` throws is ignored, because the command
/// has its result by then. Throws stele::error (invalid_argument) if `sink` is empty.
[[nodiscard]] middleware log_commands(std::function<void(std::string_view line)> sink);

/// Reports how long each command took, including rejected and failed ones. What `record` throws is ignored. Throws
/// stele::error (invalid_argument) if it is empty.
[[nodiscard]] middleware time_commands(std::function<void(const sent_command&, std::chrono::nanoseconds)> record);

/// Passes only commands for which `allowed` returns true; the user is metadata.actor. Others are rejected with the code
/// "not_authorized". Throws stele::error (invalid_argument) if the function is empty.
[[nodiscard]] middleware authorize(std::function<bool(const sent_command&)> allowed);

/// How retry_on_conflict() retries.
struct retry_options {
    /// How many times the command is sent at most, including the first time. The bus itself decides a command several
    /// times at once after conflicts; each attempt here is one such round.
    unsigned attempts = 5;
    /// The wait before the second attempt is random, up to this long; the bound doubles each time. In any unit; 0 or
    /// less: no attempt waits.
    detail::saturated<std::chrono::nanoseconds> first_wait = std::chrono::milliseconds{2};
    /// No wait is longer. In any unit; 0 or less: no attempt waits.
    detail::saturated<std::chrono::nanoseconds> longest_wait = std::chrono::milliseconds{200};
    /// Waits. The default sleeps.
    std::function<void(std::chrono::nanoseconds)> sleep = {};
    /// Returns a number in [0, 1), from any thread. The default is a random one.
    std::function<double()> random = {};
};

/// Sends a command again after a conflict, after a wait, a bounded number of times; never to a tombstoned stream. Put
/// it inside log_commands for one line for all attempts, outside for a line each. Throws stele::error
/// (invalid_argument) for 0 attempts.
[[nodiscard]] middleware retry_on_conflict(retry_options options = {});

namespace detail {

/// Throws invalid_argument: a function that was given to `where` is empty.
[[noreturn]] void refuse_empty(std::string_view where);

/// The middleware of validate(): a type of its own, so that a bus can see which command it is for.
struct validation {
    const google::protobuf::Descriptor* type;
    std::function<std::optional<rejection>(const google::protobuf::Message&)> check;

    command_result operator()(sent_command& command, const next_step& next) const;
};

}  // namespace detail

/// Rejects commands of one type that fail a check which needs no state, before one is loaded.
///
///     stele::validate<DepositMoney>([](const DepositMoney& command) -> std::optional<stele::rejection> {
///         if (command.amount() <= 0) return stele::reject("not_positive", "amount {}", command.amount());
///         return {};
///     })
///
/// The return type must be written out, as a lambda cannot find it from two different returns; a single one needs none:
///
///     stele::validate<DepositMoney>([](const DepositMoney& command) {
///         return command.amount() > 0 ? std::nullopt
///                                     : std::optional{stele::reject("not_positive", "amount {}", command.amount())};
///     })
///
/// A bus refuses a check of a command that none of its aggregates decides. Throws stele::error (invalid_argument) for
/// an empty function.
template <class Command, class Check>
[[nodiscard]] middleware validate(Check check) {
    static_assert(std::derived_from<Command, google::protobuf::Message>,
                  "validate<Command>: name the command to check, a generated Protobuf message");
    static_assert(std::is_invocable_r_v<std::optional<rejection>, Check&, const Command&>,
                  "validate<Command>: give a function that takes `const Command&` and returns "
                  "`std::optional<stele::rejection>`, nothing if the command may pass");
    static_assert(!std::same_as<std::invoke_result_t<Check&, const Command&>, rejection>,
                  "validate<Command>: a function that returns `stele::rejection` rejects every command; write the "
                  "return type, `-> std::optional<stele::rejection>`, and `return {};` for a command that may pass");
    if constexpr (std::constructible_from<Check, std::nullptr_t>) {
        if (!check) detail::refuse_empty("validate");
    }
    return detail::validation{Command::descriptor(),
                              [check = std::move(check)](const google::protobuf::Message& message) mutable {
                                  return std::optional<rejection>{check(static_cast<const Command&>(message))};
                              }};
}

}  // namespace stele::inline v0
