#pragma once

#include <stele/eventstore/event_store.hpp>

#include <string_view>

/// What the followers have in common that keep their checkpoint in the store itself: effects and subscriptions.
namespace stele::inline v0::detail {

/// Throws read_only, for example, if nothing can be saved in the store under this kind and name. Call it before
/// anything is made: a handler runs before its checkpoint is saved, so who cannot save it must not begin.
void expect_saving(event_store& store, std::string_view kind, std::string_view name);

/// Throws other_store if the store ends before the checkpoint of `who`: it would pass over what is appended until the
/// head comes there.
void expect_reached(event_store& store, position checkpoint, std::string_view who);

}  // namespace stele::inline v0::detail
