#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>

#include <fmt/format.h>

#include <string>

namespace stele::inline v0::detail {

namespace fs = std::filesystem;

void expect_name_of_database(const fs::path& file, std::string_view kind) {
    const auto name = file.string();
    const auto refuse_ending = [&](std::string_view suffix) {
        if (name.ends_with(suffix))
            throw error(
                error_kind::invalid_argument,
                fmt::format("\"{0}\" cannot be the name of a {1}: a file with that name belongs to the {1} {2}; "
                            "use a name that does not end in {3}",
                            name, kind, name.substr(0, name.size() - suffix.size()), suffix));
    };
    for (const auto* const suffix : sqlite_suffixes) refuse_ending(suffix);
    refuse_ending("-lock");
}

}  // namespace stele::inline v0::detail
