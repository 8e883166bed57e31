#pragma once

#include <cstdio>
#include <span>
#include <string>

namespace bank {

/// Does what the program `bank` does with these arguments (without the program's own name).
///
/// Answers go to `out`, refusals and faults to `err`, in one line. Returns the exit code: 0, or 1 if the answer is no
/// (refused, no such account, something did not reconcile), or 2 if the arguments cannot be understood.
int run_bank(std::span<const std::string> arguments, std::FILE* out, std::FILE* err);

}  // namespace bank
