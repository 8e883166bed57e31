#pragma once

#include "bank/program/terminal.hpp"
#include "bank/storage/bank_directory.hpp"

#include <stele/projections/projection_status.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace bank {

/// The state of the read models, as a table for a terminal, with a line below for each one that is being rebuilt and
/// each one that has an error.
std::string status_table(const std::vector<stele::projection_status>& all, const ink& ink);

/// How long to watch: until everything is up to date, or until Ctrl-C (which ends both).
enum class watch : bool { until_settled, until_interrupted };

/// Brings all read models up to date, including the one in memory, and shows their state: on a terminal continuously
/// and in place; elsewhere once, at the end. Returns whether none of them is faulted. Throws refusal if another program
/// is updating them.
bool show_status(const bank_directory& directory, watch how, std::FILE* out);

/// Rebuilds a read model from all events; on a terminal shows the progress, with `diff` also shows what changed, row by
/// row. Throws refusal if there is no SQL read model of this name, and as above.
void rebuild_read_model(const bank_directory& directory, const std::string& name, bool diff, std::FILE* out);

}  // namespace bank
