#pragma once

#include "codec/ignored_types.hpp"
#include "codec/schema_record.hpp"

#include <stele/codec/schema.hpp>

#include <set>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// The packages of which the consumers take events.
std::set<std::string, std::less<>> packages_of(const std::vector<stored_message>& messages);

/// Adds a finding for each type of stored events that is of one of these packages and that no consumer takes, upcasts
/// or ignores. One that has a finding already gets no second one.
void find_unhandled(event_store& store, const std::vector<stored_message>& messages, const ignored_types& ignored,
                    const recorded_schema_map& recorded, std::vector<schema_finding>& findings);

}  // namespace stele::inline v0::detail
