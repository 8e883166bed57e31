#pragma once

#include <cstdio>
#include <filesystem>

namespace bank {

/// Shows a newcomer what the bank can do, on a statement that it makes up: imports it, and asks about one account and
/// about all of them. Writes to `out`; leaves the bank in `directory`, which must not hold one (throws refusal).
/// Returns whether everything reconciled.
bool run_demo(const std::filesystem::path& directory, std::FILE* out);

}  // namespace bank
