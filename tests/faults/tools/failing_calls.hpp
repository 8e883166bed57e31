#pragma once

#include <cstdint>
#include <string>

/// Makes one allocation or one start of a thread of this program fail, whichever thread asks for it. Include it in one
/// program and link failing_calls.cpp, which replaces operator new, SQLite's allocator and pthread_create.
namespace failing_calls {

enum class resource : std::uint8_t { memory, thread };

/// Before anything else in main(): gives SQLite its allocator.
void install();

/// Lets the n-th request from now on fail (1: the next one). Requests after it succeed.
void fail(resource what, std::uint64_t nth);
/// No request fails any more. Returns whether one did.
bool heal();

}  // namespace failing_calls
