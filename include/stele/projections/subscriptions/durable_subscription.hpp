#pragma once

#include <stele/projections/dead_letter.hpp>
#include <stele/projections/subscriptions/detail/subscription_rules.hpp>

/// A durable subscription hands the events of a store to an object of yours, and the store keeps how far it has come,
/// under the name of the subscription. subscription_runner.hpp runs it. Guide: docs/subscriptions.md.
///
///     struct welcome_mails {
///         static constexpr auto name = "welcome_mails";                       // 1 to 64 letters, digits, '_', '-'
///         static constexpr auto events = hana::tuple_t<AccountOpened>;        // as in a projection, with upcasters
///         static constexpr auto on_fault = stele::on_fault::dead_letter;      // optional; the default is stop
///         void on(const AccountOpened& e, const stele::recorded_event& at) {
///             gateway.send(at.id.str(), e.owner(), "Welcome!");
///         }
///         mail_gateway& gateway;
///     };
///     runner.add(welcome_mails{gateway});
///
/// The runner calls on() with every event of the list, upcast to today's types, in the order of positions. One call at
/// a time, not always on the same thread. Like a projection, a subscription may hear of removals, which it lists and
/// takes as stele::stream_deleted or stele::stream_truncated; with `categories = hana::make_tuple("account")` it gets
/// only the events of such streams, and with `tags` only those that carry all of these. Events of other types are
/// passed over and counted.
///
/// **At least once, with a stable id.** The position is stored after several events (checkpoint_every) or a second,
/// when there are no more, and when the runner is stopped. A crash repeats what was handled since: at most
/// checkpoint_every events, with the same `at.id` and in the same order, by which the receiver can recognise them. A
/// command that on() sends has the event as its cause; with a key that follows from both it is decided once:
///
///     void on(const AccountOpened&, const stele::recorded_event& at) {
///         bus.send(grant_bonus(at), {.idempotency_key = stele::make_idempotency_key(at.id, name)});
///     }
///
/// An event at which on() throws is tried again after a pause, `attempts` times. What happens then is declared in
/// `on_fault`:
///
///   - stop: the subscription is faulted and stops before the event; the others continue. start() tries again.
///   - skip: the event is passed over for good, counted as skipped, and named in last_error.
///   - dead_letter: the event becomes a dead letter, kept in the store. Later events with the same key wait behind it;
///     the key is the stream, or what `std::string dead_letter_key(const stele::recorded_event&)` returns. When the
///     handler is fixed, replay_dead_letters() hands them to it in order.
///
/// A fault that is not the event's, such as a full disk, stops the subscription whatever it declares.
namespace stele::inline v0 {

/// Whether S has everything a durable subscription needs, except an on() for each of its events: that is checked where
/// it is added to a runner, with a sentence that names what is missing.
template <class S>
concept durable_subscription = detail::has_projection_name<S> && detail::lists_events<S>;

}  // namespace stele::inline v0
