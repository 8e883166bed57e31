#pragma once

#include <filesystem>
#include <string>

namespace stele::inline v0::detail {

/// The names that an upgrade uses beside a store. Nothing else has them, so what a killed upgrade has left is known by
/// its name.
struct upgrade_names {
    explicit upgrade_names(const std::filesystem::path& file)
        : store(file.string()),
          kept(store + ".format-1"),
          fresh(store + ".format-2.partial"),
          others(store + ".format-2.others"),
          copy(store + ".format-1.partial") {}

    std::string store;
    std::string kept;    ///< The old store, once the upgrade is done.
    std::string fresh;   ///< The new store until then.
    std::string others;  ///< A copy of the old store, of which the events are dropped: what belongs to others is left.
    std::string copy;    ///< Becomes `kept` on a file system without hard links.

    /// Removes `fresh`, `others` and `copy`, and what SQLite keeps beside them. Throws stele::error: foreign_file if
    /// one is no regular file; io.
    void remove_leftovers() const;
    /// The same, but `fresh` stays.
    void remove_all_but_fresh() const;
    /// The same, but what cannot be removed stays, for the next upgrade.
    void try_to_remove_leftovers() const noexcept;
};

}  // namespace stele::inline v0::detail
