#pragma once

#include "eventstore/sqlite/upgrade/upgrade_names.hpp"

#include <sys/types.h>

#include <string>

namespace stele::inline v0::detail {

/// Whose a file is and who may use it, so that another one can take its place.
class file_owner {
public:
    /// Of the file that has this name. Throws stele::error (io).
    explicit file_owner(const std::string& file);

    /// Makes an empty file with the same owner, group, rights and extended attributes (access control lists). There is
    /// none of that name. Throws stele::error: io if this process may not do that; full.
    void make(const std::string& name) const;
    /// Gives it exactly the rights of the other one: until then its owner may write it.
    void give_rights(const std::string& name) const;

private:
    void give_attributes(int descriptor, const std::string& name) const;

    std::string file_;
    uid_t user_ = 0;
    gid_t group_ = 0;
    mode_t rights_ = 0;
};

/// Syncs a file that is closed. Throws stele::error (io, full).
void sync_file(const std::string& name);

}  // namespace stele::inline v0::detail
