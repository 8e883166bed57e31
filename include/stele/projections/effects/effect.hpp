#pragma once

#include <stele/projections/effects/detail/effect_rules.hpp>

/// Side effects of a projection: a mail, a call to another system, a command. They are separate from project(), so the
/// read model can be rebuilt as often as you like without repeating any of them. Guide: docs/projections.md.
///
///     struct overdrawn {
///         …                                                            // as any projection into tables
///         static constexpr auto effects = hana::tuple_t<AccountOverdrawn>;
///         void effect(const AccountOverdrawn& e, const stele::recorded_event& at) {
///             gateway.send(at.id.str(), e.owner(), "Your account is overdrawn.");
///         }
///         mail_gateway& gateway;
///     };
///     runner.add(overdrawn{gateway});
///
/// The runner calls effect() for each of these events, in order, once the read model that serves has committed it: a
/// query made by the effect sees the event. One call at a time, but project() may run on another thread at that moment,
/// on the same object. In a projection in memory effect() must be static. `effects` may name events that are not in
/// `events`.
///
/// **At-least-once, with a stable id.** The position of the effects is stored in the event store, under the name of the
/// projection, after each event that has one: the log serves as the outbox. A crash repeats at most the effect that was
/// in progress, with the same `at.id`, by which the receiver can recognise the repetition (idempotency key).
///
/// **Never repeated by a replay.** Effects begin with the first event after the projection was first added to a runner.
/// Rebuilds, rollbacks, a new `version`, a restart without a snapshot, even deleting the read model do not change how
/// far the effects are, because that is not stored there. Under another `name` it is another projection, whose effects
/// begin when it is first added: let the old one finish them first (wait_for()). Events appended during a rebuild have
/// their effect once they are in the read model that serves. Run such a projection in one runner per store: two
/// runners, each with a read model of the same name, would both do its effects.
///
/// An effect that throws is retried after a pause, like a projection, and then faulted; the read model is not affected.
/// start() tries again. Effects have their own name and line in status(), "overdrawn.effects": wait_for() by this name
/// waits until they are done. Their counters start at zero with the runner. A command that an effect sends has the
/// event as its cause (causation.hpp).
namespace stele::inline v0 {

/// Whether P declares side effects.
template <class P>
concept projection_with_effects = detail::lists_effects<P>;

}  // namespace stele::inline v0
