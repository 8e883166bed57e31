#pragma once

#include <stele/processes/detail/process_rules.hpp>
#include <stele/processes/reaction.hpp>

/// Process managers: what to do when something has happened, across aggregates and across time (docs/processes.md).
///
/// A process manager is a plain struct, without a base class; process_runner.hpp runs it. One object is one instance of
/// the process (one transfer, one order), and its members are the state:
///
///     struct transfer_process {
///         static constexpr auto name     = "transfer_process";          // its journals: transfer_process-INSTANCE
///         static constexpr auto events   = hana::tuple_t<TransferRequested, MoneyWithdrawn>;   // what it reacts to
///         static constexpr auto commands = hana::tuple_t<WithdrawMoney, DepositMoney>;         // what it may send
///         using reaction = stele::reaction<transfer_process>;
///
///         static constexpr auto starts   = hana::tuple_t<TransferRequested>;  // may start an instance; else all may
///         static std::string instance_id(const auto& event) { return event.transfer(); }  // "": belongs to none
///
///         std::string source, payee;                                    // the state before the first event
///         std::int64_t amount = 0;
///
///         void evolve(const TransferRequested& event);                  // one for each event …
///         reaction react(const TransferRequested&) const { return reaction{}.send(withdraw(source, amount)); }
///         reaction react(const MoneyWithdrawn&) const { return reaction{}.send(deposit(payee, amount)); }
///
///         void evolve(const auto& rejected) {}                          // … and for each command that is rejected
///         reaction react(const stele::rejected<WithdrawMoney>&) const { return {}; }
///         reaction react(const stele::rejected<DepositMoney>&) const { return reaction{}.send(deposit(source,
///         amount)); }
///     };
///
/// `instance_id` may also return a range of names, such as std::vector<std::string>: the event is then handled by each
/// of these instances, in this order and each once, at most max_instances_per_event. An event for an instance that does
/// not exist, or has ended (reaction::end()), is passed over if it is not in `starts`; without that list every event
/// may start an instance, and what has ended stays so.
///
/// An event is evolved into the state first; `react` sees the state with it. The same goes for a rejected command,
/// which is how a process undoes what it has done (compensation). For events `instance_id`, `evolve` and `react` may
/// take `const stele::recorded_event& at` as second argument; where both fit, the one with `at` is called, unless it
/// is generic and the other is not. They are pure: they look at the state and their arguments and at nothing else (no
/// clock, no random number), so the same events always lead to the same commands.
///
/// Every command has an idempotency key derived from process, instance, event and index. The cause (the event, a
/// rejection, a deadline) is appended to the journal of the instance only after all its commands were sent. After a
/// crash before that the event is handled again, sends commands with the same keys, and gets their stored receipts
/// (receipt.hpp). So delivery is at-least-once and each command is decided once, whenever the process dies.
///
/// What is missing or does not fit is a compile error that says what to add.
