#pragma once

#include "projections/generations/generation.hpp"
#include "projections/generations/generation_directory.hpp"

#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <optional>

namespace stele::inline v0::detail {

/// Throws stele::error (format) unless the generation was built by that projection.
void expect_same_projection(const generation& built, const projection_identity& identity);

/// Throws stele::error (format) unless the generation was built from that store.
void expect_same_store(const generation& built, event_store& store);

/// The complete generation that waits: the last above the one that serves.
std::optional<std::uint64_t> waiting_generation(const generation_directory& files);
/// The complete generation that served before the one that does.
std::optional<std::uint64_t> previous_generation(const generation_directory& files);

}  // namespace stele::inline v0::detail
