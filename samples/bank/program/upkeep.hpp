#pragma once

#include "bank/program/terminal.hpp"
#include "bank/storage/bank_directory.hpp"

#include <stele/projections/projection_status.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace bank {

/// How the read models are doing, as a table for a terminal; with a line below for each that is being rebuilt, and each
/// that something went wrong with.
std::string status_table(const std::vector<stele::projection_status>& all, const ink& ink);

/// How long to look: until there is nothing left to do, or until Ctrl-C, which ends the first as well.
enum class watch : bool { until_settled, until_interrupted };

/// Brings all read models up to date, also the one in memory, and shows how they are doing: on a terminal from the
/// first moment on, always in the same place; elsewhere once, at the end. Returns whether all of them are well. Throws
/// refusal if another program is at work on them.
bool show_status(const bank_directory& directory, watch how, std::FILE* out);

/// Builds a read model anew from all events, and shows how far it is on a terminal; with `diff` also what has changed
/// in it, row by row. Throws refusal if there is no read model of this name in tables, and as above.
void rebuild_read_model(const bank_directory& directory, const std::string& name, bool diff, std::FILE* out);

}  // namespace bank
