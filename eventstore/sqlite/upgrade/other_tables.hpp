#pragma once

#include "eventstore/sqlite/upgrade/new_file.hpp"
#include "eventstore/sqlite/upgrade/old_store.hpp"
#include "eventstore/sqlite/upgrade/upgrade_names.hpp"

#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// What others keep in a store of format 1: tables of inline projections, and whatever somebody has made with SQL.
/// Throws stele::error (needs_upgrade) if one has a name that the library uses since.
[[nodiscard]] std::vector<std::string> names_of_others(connection& old);

/// Lets the new file, which is empty, begin with a copy of all that, as VACUUM copies it. Needs room for a copy of the
/// old file meanwhile.
void copy_others(connection& old, const upgrade_names& names, const file_owner& owner,
                 const connection_options& options, upgrade_watch& watch);

/// Throws stele::error (io) unless the definitions and rows of others are the same in both files.
void expect_same_others(connection& old, connection& fresh);

}  // namespace stele::inline v0::detail
