#pragma once

#include <cstdio>
#include <filesystem>

namespace bank {

/// Shows a newcomer what the bank can do, on a generated statement: imports it, asks about one account and about all of
/// them, and transfers money. Writes to `out`. Leaves the bank in `directory`; throws refusal if there already is one.
/// Returns whether everything reconciled.
bool run_demo(const std::filesystem::path& directory, std::FILE* out);

}  // namespace bank
