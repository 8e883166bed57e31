#pragma once

#include "projections/runner/progress.hpp"

#include <stele/eventstore/event_store.hpp>

#include <string_view>

namespace stele::inline v0::detail {

/// Throws stele::error (other_store) unless the events of `built` are those of the store. `who` begins the message:
/// a file.
void expect_same_store(event_store& store, const progress& built, std::string_view who);

}  // namespace stele::inline v0::detail
