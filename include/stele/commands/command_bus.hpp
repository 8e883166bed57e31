#pragma once

#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/detail/command_definition.hpp>
#include <stele/commands/middleware.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/commands/transaction.hpp>
#include <stele/eventstore/detail/pimpl.hpp>

#include <concepts>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

class event_store;
namespace detail {
struct bus_state;
}  // namespace detail

/// How a command bus behaves.
struct command_bus_options {
    /// How many times a command, or a transaction, is decided at most on states read for it: once, and again after each
    /// conflict. At least 1.
    ///
    /// A conflict means that another append came first, so with more writers to one stream than attempts, an unlucky
    /// one may still get the conflict back.
    unsigned attempts = 10;

    /// How many states are cached for the next command to the same instance, least recently used out first; 0: none.
    ///
    /// A command to a cached instance reads nothing if nobody else has written to its stream: it is decided on the
    /// cached state, and the append, which expects the version of that state, detects whether it was the latest. Only
    /// if it was not, or if there is nothing to append, does the bus read the new events and decide again. Memory: the
    /// state itself plus about 300 bytes.
    std::size_t cached_aggregates = 4096;

    /// Run around every command, the first one outermost (see middleware.hpp). A bus without middleware pays nothing.
    std::vector<stele::middleware> middleware = {};

    /// Called for snapshots that could not be written or read. Empty: such problems are not reported.
    warning_handler on_warning = {};
};

/// A command bus without the types of its aggregates: for code that passes commands on, such as a process manager or a
/// server. Get one by making a command_bus. Any thread may call anything at any time.
/// Every call throws stele::error (closed) on a bus that was moved from.
class command_bus_base {
public:
    /// Sends a command as command_bus::send does. Throws stele::error (invalid_argument) also if no aggregate of this
    /// bus decides it.
    [[nodiscard]] command_result send(const google::protobuf::Message& command, const send_options& options = {});

    /// Sends a command that arrived as bytes, as send() does, through the same middleware.
    ///
    ///     bus.dispatch("bank.DepositMoney", bytes, {.metadata = {.actor = user}});
    ///
    /// `type` is the full name of one of the commands of the aggregates, `bytes` is that message in the binary format
    /// of Protobuf. Throws as send() does, and stele::error: invalid_argument for an unknown name, listing similar
    /// ones; undecodable for bytes that are not that message, naming type and size.
    [[nodiscard]] command_result dispatch(std::string_view type, std::string_view bytes,
                                          const send_options& options = {});

    /// Sends a command that arrived as JSON, as send() does, through the same middleware.
    ///
    ///     bus.dispatch_json("bank.DepositMoney", R"({"account": "42", "amount": "5000"})");
    ///
    /// `json` is the message by the rules of Protobuf; fields may be named as in the .proto file or in lowerCamelCase.
    /// Throws as dispatch() does, and undecodable, naming the field, for one that the command does not have, a value of
    /// another type, and a required field that is not set.
    [[nodiscard]] command_result dispatch_json(std::string_view type, std::string_view json,
                                               const send_options& options = {});

    /// Runs a transaction as command_bus::transact() does. Its send() throws stele::error (invalid_argument) also if no
    /// aggregate of this bus decides the command.
    [[nodiscard]] transaction_result transact(const std::function<void(transaction&)>& function,
                                              const transaction_options& options = {});

    /// Whether an aggregate of this bus decides commands of this type.
    [[nodiscard]] bool decides(const google::protobuf::Descriptor& command) const;

protected:
    /// For command_bus: `commands` must outlive the bus.
    command_bus_base(event_store& store, command_bus_options options, const detail::command_table& commands);
    ~command_bus_base() = default;
    /// Copies share the cache.
    command_bus_base(const command_bus_base&) = default;
    command_bus_base(command_bus_base&&) noexcept = default;
    /// Copies share the cache.
    command_bus_base& operator=(const command_bus_base&) = default;
    command_bus_base& operator=(command_bus_base&&) noexcept = default;

private:
    friend class detail::unit_of_work;
    command_result send(const detail::command_definition& definition, const google::protobuf::Message& command,
                        const send_options& options);

    detail::pimpl<std::shared_ptr<detail::bus_state>> state_;
};

/// Brings commands to the aggregates that decide them, and appends the events (docs/aggregates-and-commands.md).
///
///     stele::command_bus<account, transfer> bus{store};
///     std::expected<stele::receipt, stele::command_error> result = bus.send(deposit("42", 5000));
///
/// Which aggregate decides a command is settled at compile time, from the `commands` of the aggregates (aggregate.hpp).
/// Decision models (decision_model.hpp) stand beside them; what is said of aggregates here holds for them, but that
/// they have no version, no cached state and no snapshot. These do not compile, with a sentence that says what to add:
/// a command that no aggregate lists, or two; an aggregate that lacks something; an event or command that is listed and
/// not taken.
///
/// Any thread may call send(), dispatch() and dispatch_json() at any time; commands to one instance through one bus run
/// one after the other. The store must outlive the bus. Correctness does not depend on the cache (command_bus_options),
/// so there may be several buses, also in several processes. Copies of a bus share its cache.
///
/// The tables of the bus are compiled where one is constructed. Code that only sends compiles faster when another
/// source constructs the bus.
template <class... Aggregates>
class command_bus : public command_bus_base {
    static_assert((detail::check_decider<Aggregates>() && ...));
    static_assert(detail::check_together<Aggregates...>());

public:
    /// Whether an aggregate of this bus decides the command.
    template <class Command>
    static constexpr bool lists = (detail::decides_listed<Aggregates, Command> || ...);
    /// Whether the streams of an aggregate of this bus begin with `name` and '-'.
    static constexpr bool has_category(std::string_view name) {
        return (detail::has_category_named<Aggregates>(name) || ...);
    }

    /// Throws stele::error (invalid_argument) for 0 attempts, an empty middleware, and one that validates a command
    /// which no aggregate of this bus decides.
    explicit command_bus(event_store& store, command_bus_options options = {})
        : command_bus_base(store, std::move(options), detail::command_table_of<Aggregates...>()) {}

    /// Decides a command and appends its events; returns when they are durable.
    ///
    /// Takes the instance that the command names from the cache or loads it, decides, and appends expecting the version
    /// it has seen (optimistic concurrency). After a conflict it reads the new events and decides again, a bounded
    /// number of times; a rejection is always decided on the latest state that could be read. A deleted stream starts
    /// again, a tombstoned one is a conflict at once. All events of a command are appended together and carry
    /// options.metadata; if this thread is handling an event, that is their cause (see causation.hpp); a correlation id
    /// is made if there is none.
    ///
    /// With options.idempotency_key a command is decided once, however often and by whomever it is sent: see
    /// receipt.hpp. Repeated, it returns the stored result; a remembered rejection reports 0 attempts.
    ///
    /// Returns the receipt, or the rejection, or the conflict of the last attempt. Throws stele::error:
    /// invalid_argument if the command's instance id does not make a stream name, an event or the metadata cannot be
    /// stored (see encode in codec.hpp), or the key was used for another command, which the error names; undecodable or
    /// corrupt if the stream cannot be folded; and what the store throws. What `instance_id`, `decide`, `evolve` and
    /// middleware throw passes through unchanged. This call has then appended nothing, unless a middleware throws after
    /// `next`; and after an io error of the store the outcome is unknown (see sqlite_store.hpp).
    template <class Command>
    [[nodiscard]] command_result send(const Command& command, const send_options& options = {}) {
        check_listed<Command>();
        if constexpr (lists<Command>) return command_bus_base::send(command, options);
    }

    /// What the function of transact() gets: a stele::transaction that takes the commands of this bus only.
    class typed_transaction {
    public:
        /// Wraps the transaction, which must outlive it. For transact(); a program has no use for it.
        explicit typed_transaction(transaction& untyped) : untyped_(untyped) {}
        typed_transaction(const typed_transaction&) = delete;
        typed_transaction& operator=(const typed_transaction&) = delete;
        ~typed_transaction() = default;

        /// See transaction::send().
        template <class Command>
        bool send(const Command& command, expected_version expected = expected_version::any()) {
            check_listed<Command>();
            return untyped_.send(command, expected);
        }
        /// See transaction::try_send().
        template <class Command>
        [[nodiscard]] command_result try_send(const Command& command,
                                              expected_version expected = expected_version::any()) {
            check_listed<Command>();
            return untyped_.try_send(command, expected);
        }

    private:
        transaction& untyped_;
    };

    /// Runs a function that sends commands to one or several aggregates, and appends the events of all of them
    /// together, all or none; returns when they are durable.
    ///
    ///     auto result = bus.transact([&](auto& tx) {
    ///         tx.send(withdraw("alice", 30));
    ///         tx.send(deposit("bob", 30));
    ///     });
    ///
    /// Each command is decided on what the earlier ones have led to, also for the same instance. The first that is
    /// rejected ends it: nothing is appended, and that rejection is the result. With tx.try_send() a command may be
    /// rejected (transaction.hpp).
    ///
    /// The function is called again, on states that are read again, when another append came first, a bounded number of
    /// times; and once where a rejection was decided on cached states. So it must be repeatable: it has no effect but
    /// the commands that it sends, and overwrites what it has kept from the last call. The conflict of the last attempt
    /// is the result if others are always faster. All states count, also those of commands that were rejected or
    /// changed nothing: they are where they were when the events are appended.
    ///
    /// The events of one stream stand together, in the order of their commands; the streams are in the order of their
    /// first events. Middleware runs around each command, in each call: `next` decides it, and what it returns is not
    /// stored yet (sent_command::is_in_transaction). A receipt is kept for the transaction, if options has an
    /// idempotency key, and none for its commands. A transaction without events appends nothing.
    ///
    /// Throws as send() does; what the function throws passes through unchanged, and is the way to give up for another
    /// reason. Nothing is appended then. Throws stele::error (invalid_argument) also inside the function of another
    /// transaction over this store, as do send() and dispatch() there, and if there are more events than one append may
    /// hold (store_limits). Any thread may call it; transactions wait for the instances of one another only where that
    /// cannot end in a deadlock.
    template <class Function>
    [[nodiscard]] transaction_result transact(Function&& function, const transaction_options& options = {}) {
        static_assert(std::invocable<Function&, typed_transaction&>,
                      "transact() takes a function that can be called with `auto& tx`, as often as it takes");
        if constexpr (std::invocable<Function&, typed_transaction&>) {
            static_assert(std::same_as<std::invoke_result_t<Function&, typed_transaction&>, void>,
                          "the function of transact() returns nothing: what its commands led to is in the receipt");
            return command_bus_base::transact(
                [&](transaction& untyped) {
                    typed_transaction typed{untyped};
                    function(typed);
                },
                options);
        }
    }

private:
    template <class Command>
    static consteval void check_listed() {
        static_assert(lists<Command>,
                      "no aggregate of this command_bus decides this command: add it to the `commands` of an "
                      "aggregate, with a `decide` that takes it, or add that aggregate to the command_bus");
    }
};

}  // namespace stele::inline v0
