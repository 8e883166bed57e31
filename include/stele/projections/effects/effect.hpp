#pragma once

#include <stele/projections/effects/detail/effect_rules.hpp>

/// Side effects of a projection: a mail, a call to another system, a command. They stand apart from project(), so that
/// the read model can be built again as often as one likes without any of them happening again.
///
///     struct overdrawn {
///         …                                                            // as any projection, in tables or in memory
///         static constexpr auto effects = hana::tuple_t<AccountOverdrawn>;
///         static void effect(const AccountOverdrawn& e, const stele::recorded_event& at) {
///             mail_gateway().send(at.id.str(), e.owner(), "Your account is overdrawn.");
///         }
///     };
///
/// The runner calls effect() for each of these events, in order, once the read model that serves has committed it: what
/// it asks the read model is answered with the event in it.
///
/// **At least once, with a stable id.** How far the effects are is kept in the event store, under the name of the
/// projection, after each event that has one. So a crash repeats the one effect that was under way, and nothing else;
/// `at.id` is the same then, for whoever receives it to recognise.
///
/// **Never by a replay.** Effects begin with the first event after the projection was first added to a runner.
/// Rebuilds, rollbacks, a new `version`, a restart without a snapshot, even removing the read model change nothing
/// about how far the effects are, as it is not kept there. What is appended during a rebuild has its effect once it is
/// in the read model that serves. Two runners over one store, with read models of the same name, would each try to do
/// the same effects: let one of them have the projection.
///
/// One that throws is tried again after a rest like a projection, and then faulted, while the read model goes on;
/// start() begins anew. Effects have a name and a line in status() of their own, "overdrawn.effects": wait_for() by
/// this name waits until they are done. Their counters begin with the runner. A command that an effect sends has the
/// event as its cause (causation.hpp).
namespace stele::inline v0 {

/// Whether P declares side effects.
template <class P>
concept projection_with_effects = detail::lists_effects<P>;

}  // namespace stele::inline v0
