#pragma once

#include "projections/runner/runner_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The files of one projection in the directory of a runner: which generations exist and which of them serves.
class generation_directory {
public:
    /// The directory must outlive it.
    generation_directory(const runner_directory& directory, std::string_view projection);

    /// Whose directory it is. Call expect_locked() before a generation is written.
    [[nodiscard]] const runner_directory& owner() const noexcept { return owner_; }

    /// The number of the generation that the stable name leads to; nothing if there is no stable name yet.
    /// Returns nothing if there is none, or its file was deleted. Throws stele::error: foreign_file if the stable name
    /// is not a link to a generation.
    [[nodiscard]] std::optional<std::uint64_t> serving() const;

    /// The numbers of all generations that have a file, ascending.
    [[nodiscard]] std::vector<std::uint64_t> all() const;

    /// A number above those of all files.
    [[nodiscard]] std::uint64_t next() const;

    [[nodiscard]] std::filesystem::path file(std::uint64_t generation) const;
    [[nodiscard]] std::filesystem::path stable_name() const;

    /// Lets the stable name lead to the generation: atomically for readers, and synced when it returns. Throws
    /// stele::error (io).
    void serve(std::uint64_t generation) const;

    /// Syncs the names of new files. Throws stele::error (io).
    void sync() const;

    /// Removes the generation's file and SQLite's files beside it. Throws stele::error (io).
    void remove(std::uint64_t generation) const;

private:
    [[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view file_name) const;

    const runner_directory& owner_;
    std::filesystem::path directory_;
    std::string projection_;
};

}  // namespace stele::inline v0::detail
