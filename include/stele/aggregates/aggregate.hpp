#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/eventstore/stream.hpp>

#include <string_view>

/// Aggregates: the part of the domain that decides, and whose state comes back from events
/// (docs/aggregates-and-commands.md).
///
/// An aggregate is a plain struct, without a base class:
///
///     struct account {
///         static constexpr auto category = "account";                      // streams are named account-ID
///         static constexpr auto events   = hana::tuple_t<AccountOpened, MoneyDeposited>;
///         static constexpr auto commands = hana::tuple_t<OpenAccount, DepositMoney>;
///         static std::string_view instance_id(const auto& command) { return command.account(); }
///
///         bool open = false;                                               // the state before the first event
///         std::int64_t balance = 0;
///
///         stele::decision<account> decide(const DepositMoney& command) const;   // one for each command
///         void evolve(const MoneyDeposited& event);                             // one for each event
///     };
///
/// `decide` and `evolve` are pure: they look at the state and their argument and at nothing else (no clock, no file),
/// so the same events always give the same state. `evolve` takes what has happened and does not refuse.
///
/// `instance_id` names the instance that a command is for. One generic function serves all commands that name the field
/// alike; another command gets an overload. The text it returns may refer to the command. (It is a function of the
/// aggregate rather than an option of a Protobuf field: so it stands beside the other rules, is checked at compile
/// time, may compute, and needs no change of a .proto file, which may belong to another team.)
///
/// What is missing or does not fit is a compile error that says what to add. For old types of events see upcast.hpp, to
/// read states load.hpp and repository.hpp, to send commands command_bus.hpp.
namespace stele::inline v0 {

/// Returns the stream of one instance: `stream_of<account>("42")` is the stream "account-42".
/// Throws stele::error (invalid_argument) if that is not a stream name (see stream.hpp).
template <class Aggregate>
stream_id stream_of(std::string_view id) {
    return stream_id{std::string_view{Aggregate::category}, id};
}

}  // namespace stele::inline v0
