#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

/// Makes one allocation, one start of a thread or one call about a file of this program fail, whichever thread asks for
/// it: the library, SQLite or the standard library. Include it in one program and link failing_calls.cpp, which
/// replaces operator new, SQLite's allocator and pthread_create; and failing_files.cpp, which replaces open, stat and
/// the like.
namespace failing_calls {

enum class resource : std::uint8_t { memory, thread, file };

/// Before anything else in main(): gives SQLite its allocator.
void install();

/// In place of an errno: the call about a file is not made, because the process is killed (SIGKILL) before it.
inline constexpr int kills = -1;

/// Lets the n-th request from now on fail (1: the next one). Requests after it succeed. `code` is the errno of a call
/// about a file, or `kills`.
void fail(resource what, std::uint64_t nth, int code = EIO);
/// Whether there are no hard links: each link() fails then, as on such a file system.
void forbid_links(bool forbidden);

/// No request fails any more. Returns whether one did.
bool heal();

/// For the functions that are replaced: whether this request fails. Those about a file return the errno, or 0.
bool strikes(resource what);
int file_fault();
bool are_links_forbidden();

}  // namespace failing_calls
