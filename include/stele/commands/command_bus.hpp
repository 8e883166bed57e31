#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/detail/any_aggregate.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/detail/command_owner.hpp>
#include <stele/commands/detail/command_table.hpp>
#include <stele/commands/middleware.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/metadata.hpp>

#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

struct command_bus_options {
    /// How many times a command is decided at most on a state that was read for it: once, and again after each
    /// conflict. At least 1.
    ///
    /// A conflict means that somebody else's append got in between, so something has moved on each time; with more
    /// writers at one stream than attempts, an unlucky one may still get the conflict back.
    unsigned attempts = 10;

    /// How many states are kept for the next command to the same instance, those that were used last; 0 for none.
    ///
    /// A command to one of them reads nothing if nobody else has written to its stream: it is decided on the state
    /// kept, and the append, which expects the version of that state, finds out whether it was the latest. Only if it
    /// was not, or if there is nothing to append, does the bus read what is new, and decides (again) on that.
    /// Each state takes the memory that it takes; the bus adds about 300 bytes.
    std::size_t cached_aggregates = 4096;

    /// Hears of snapshots that could not be written or read; nobody does by default.
    warning_handler on_warning = {};
};

namespace detail {

class aggregate_cache;

/// A command on its way, with its types behind pointers.
struct command_task {
    stream_id stream;
    const google::protobuf::Message* command;
    const aggregate_type* aggregate;
    any_decision (*decide)(const void* state, const google::protobuf::Message& command);
};

/// What a bus has that does not depend on its aggregates.
struct bus_core {
    event_store* store;
    command_bus_options options;
    std::shared_ptr<aggregate_cache> cache;
    std::vector<middleware> around;  ///< the outermost first
};

/// Throws stele::error (invalid_argument) for options that make no sense.
bus_core make_bus_core(event_store& store, const command_bus_options& options);

/// Sends a command through the middleware of the bus to its aggregate.
command_result send_command(const bus_core& bus, const command_task& task, const metadata& about,
                            const send_options& how);

/// Returns the stream `category-id`; a name that is none is the fault of the command, which the error names.
stream_id target_stream(const google::protobuf::Message& command, std::string_view category, std::string_view id);

}  // namespace detail

/// Brings commands to the aggregates that decide them, and appends what they decide.
///
///     stele::command_bus<account, transfer> bus{store};
///     std::expected<stele::receipt, stele::command_error> result = bus.send(deposit("42", 5000));
///
/// Which aggregate decides a command is settled when compiling, from the `commands` of the aggregates (aggregate.hpp).
/// These do not compile, with a sentence that says what to add: a command that no aggregate lists, or two; an
/// aggregate that lacks something; an event or command that is listed and not taken.
///
/// Any thread may call send() and dispatch() at any time, also several for the same instance; those of one bus take
/// turns then. The store must outlive the bus. Nothing depends on what a bus keeps (see
/// command_bus_options::cached_aggregates), so there may be several, also in several processes. A copy of a bus shares
/// what it keeps.
template <class... Aggregates>
class command_bus {
    static_assert((detail::check_aggregate<Aggregates>() && ...));
    static_assert(detail::check_together<Aggregates...>());

public:
    /// Throws stele::error (invalid_argument) for 0 attempts.
    explicit command_bus(event_store& store, const command_bus_options& options = {})
        : core_(detail::make_bus_core(store, options)) {}

    /// Puts something around every command, inside of what is there already (see middleware.hpp). Not while commands
    /// are sent. Returns this bus. A bus without middleware pays nothing for it.
    command_bus& use(middleware added) {
        core_.around.push_back(std::move(added));
        return *this;
    }

    /// Decides a command and appends its events; returns when they are durable.
    ///
    /// Loads the instance that the command names, or takes it from the cache, decides, and appends with the version it
    /// has seen. If somebody else was first, reads what is new and decides again, a bounded number of times; a
    /// rejection is always decided on the latest state that could be read. A stream that was deleted begins
    /// anew, one that was tombstoned is a conflict at once. All events of a command are appended together and carry
    /// `about`; if this thread is handling an event, that is their cause (see causation.hpp); a correlation id is made
    /// if there is none.
    ///
    /// A command that `how` gives an id to is decided once, whoever sends it and how often: see receipt.hpp. Sent
    /// again, the result is the one that is remembered; a remembered rejection tells 0 attempts.
    ///
    /// Returns the receipt, or the rejection, or the conflict of the last attempt. Throws stele::error:
    /// invalid_argument if the command's target does not make a stream name, or an event or `about` cannot be stored
    /// (see encode in codec.hpp), or if the id was used for another command, which the error names; undecodable or
    /// corrupt if the stream cannot be folded; and what the store throws. Lets through what `decide` and `evolve`
    /// throw. Nothing is appended by this call then, except that after an io error of the store this is not known (see
    /// sqlite_store.hpp).
    template <class Command>
    std::expected<receipt, command_error> send(const Command& command, const metadata& about = {},
                                               const send_options& how = {});

    /// Sends a command that has arrived as bytes, as send() does, through the same middleware.
    ///
    ///     bus.dispatch("bank.DepositMoney", bytes, {.actor = user});
    ///
    /// `type` is the full name of one of the commands of the aggregates, `bytes` is that message in the binary format
    /// of Protobuf. Throws as send() does, and stele::error: invalid_argument for a name that is none, with the names
    /// that are near it; undecodable for bytes that are not that message, naming type and size.
    std::expected<receipt, command_error> dispatch(std::string_view type, std::string_view bytes,
                                                   const metadata& about = {}, const send_options& how = {});

private:
    static const detail::command_table& commands();
    template <class Aggregate>
    static void add_commands(std::vector<detail::command_entry>& entries);

    detail::bus_core core_;
};

template <class... Aggregates>
template <class Command>
std::expected<receipt, command_error> command_bus<Aggregates...>::send(const Command& command, const metadata& about,
                                                                       const send_options& how) {
    constexpr bool is_decided = (detail::decides_listed<Aggregates, Command> || ...);
    static_assert(is_decided,
                  "no aggregate of this command_bus decides this command: add it to the `commands` of an aggregate, "
                  "with a `decide` that takes it, or add that aggregate to the command_bus");
    if constexpr (is_decided) {
        using aggregate = detail::owner_of<Command, Aggregates...>;
        return detail::send_command(
            core_,
            {.stream = detail::target_stream(command, aggregate::category, aggregate::instance_id(command)),
             .command = &command,
             .aggregate = &detail::aggregate_type_of<aggregate>(),
             .decide = &detail::decide<aggregate, Command>},
            about, how);
    }
}

template <class... Aggregates>
std::expected<receipt, command_error> command_bus<Aggregates...>::dispatch(std::string_view type,
                                                                           std::string_view bytes,
                                                                           const metadata& about,
                                                                           const send_options& how) {
    return commands().dispatch(this, type, bytes, about, how);
}

template <class... Aggregates>
const detail::command_table& command_bus<Aggregates...>::commands() {
    static const detail::command_table table{[] {
        std::vector<detail::command_entry> entries;
        (add_commands<Aggregates>(entries), ...);
        return entries;
    }()};
    return table;
}

template <class... Aggregates>
template <class Aggregate>
void command_bus<Aggregates...>::add_commands(std::vector<detail::command_entry>& entries) {
    detail::with_types(Aggregate::commands, [&]<class... Commands>() {
        (entries.push_back({.type = Commands::descriptor()->full_name(),
                            .prototype = &Commands::default_instance(),
                            .send =
                                [](void* bus, const google::protobuf::Message& command, const metadata& about,
                                   const send_options& how) {
                                    return static_cast<command_bus*>(bus)->send(static_cast<const Commands&>(command),
                                                                                about, how);
                                }}),
         ...);
    });
}

}  // namespace stele::inline v0
