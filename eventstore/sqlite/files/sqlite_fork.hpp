#pragma once

namespace stele::inline v0::detail {

/// Lets a child of fork() use SQLite for connections of its own, also to files that its parent has open. Call it before
/// the first connection of the process; later calls do nothing.
void watch_forks_of_sqlite();

}  // namespace stele::inline v0::detail
