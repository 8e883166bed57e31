#include "eventstore/sqlite/upgrade/upgrade_names.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>

#include <unistd.h>

#include <cerrno>

namespace stele::inline v0::detail {
namespace {

void remove_file(const std::string& name) {
    expect_regular_or_absent(name);
    if (::unlink(name.c_str()) != 0 && !means_absent(errno))
        throw file_error(name, "was left by an upgrade that was killed, and cannot be removed", errno);
}

}  // namespace

void upgrade_names::remove_leftovers() const {
    remove_file(fresh);
    remove_all_but_fresh();
}

void upgrade_names::remove_all_but_fresh() const {
    for (const auto& each : {others, copy}) remove_file(each);
    for (const auto& each : {fresh, others, copy})
        for (const auto* const suffix : sqlite_suffixes) remove_file(each + suffix);
}

void upgrade_names::try_to_remove_leftovers() const noexcept {
    try {
        remove_leftovers();
    } catch (...) {
        return;
    }
}

}  // namespace stele::inline v0::detail
