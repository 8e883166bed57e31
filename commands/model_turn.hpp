#pragma once

#include "commands/bus_state.hpp"

namespace stele::inline v0::detail {

/// Sends a command to the decision model that decides it: reads the events of its boundary, decides, and appends on the
/// condition that no other event of the boundary was appended meanwhile. After a conflict it does so again, a bounded
/// number of times. Throws as command_bus_base::send() does.
command_result run_model(bus_state& bus, const bus_task& task, const metadata& given, const send_options& how);

/// Throws stele::error (invalid_argument) for a command to a model with an expected version: it has none.
void expect_no_version(const bus_task& task, const send_options& how);

}  // namespace stele::inline v0::detail
