#pragma once

#include "bank/ledger.hpp"
#include "bank/terminal.hpp"

#include <stele/projection_status.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace bank {

/// How the read models are doing, as a table for a terminal, with a line below for each that something went wrong with.
std::string status_table(const std::vector<stele::projection_status>& all, const ink& ink);

/// Brings all read models up to date and shows how they are doing: on a terminal from the first moment on, elsewhere
/// once, when there is nothing left to do. Returns whether all of them are well. Throws stele::error (busy) if another
/// program is at work on them.
bool show_status(const bank_directory& directory, std::FILE* out);

/// Builds a read model anew from all events, and shows how far it is on a terminal; with `diff` also what has changed
/// in it, row by row. Throws refusal if there is no read model of this name, stele::error (busy) as above.
void rebuild_read_model(const bank_directory& directory, const std::string& name, bool diff, std::FILE* out);

}  // namespace bank
