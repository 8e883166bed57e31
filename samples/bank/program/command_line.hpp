#pragma once

#include <cstdio>
#include <span>
#include <string>

namespace bank {

/// Runs the program `bank` with these arguments (without the program's own name).
///
/// Writes answers to `out`, refusals and errors to `err`, in one line. Returns the exit code: 0, or 1 if the answer is
/// no (refused, no such account, something did not reconcile), or 2 if the arguments are wrong.
int run_bank(std::span<const std::string> arguments, std::FILE* out, std::FILE* err);

}  // namespace bank
