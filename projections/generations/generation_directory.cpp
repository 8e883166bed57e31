#include "projections/generations/generation_directory.hpp"

#include "projections/sql/stable_name.hpp"

#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

namespace stele::inline v0::detail {
namespace {

namespace fs = std::filesystem;

void expect(const fs::path& file, std::string_view otherwise, const std::error_code& code) {
    if (code) throw file_error(file, otherwise, code.value());
}

}  // namespace

generation_directory::generation_directory(const runner_directory& directory, std::string_view projection)
    : owner_(directory), directory_(directory.path()), projection_(projection) {}

fs::path generation_directory::file(std::uint64_t generation) const {
    return directory_ / fmt::format("{}.{}.db", projection_, generation);
}

fs::path generation_directory::stable_name() const {
    return directory_ / (projection_ + ".db");
}

std::optional<std::uint64_t> generation_directory::number_in(std::string_view file_name) const {
    const auto prefix = projection_ + ".";
    constexpr std::string_view suffix = ".db";
    if (!file_name.starts_with(prefix) || !file_name.ends_with(suffix)) return {};
    if (file_name.size() < prefix.size() + suffix.size() + 1) return {};
    const auto digits = file_name.substr(prefix.size(), file_name.size() - prefix.size() - suffix.size());
    std::uint64_t number = 0;
    const auto end = digits.data() + digits.size();
    const auto [parsed, failure] = std::from_chars(digits.data(), end, number);
    if (failure != std::errc{} || parsed != end || number == 0 || digits.front() == '0') return {};
    if (number > greatest_stored_number) return {};  // nobody has made so many
    return number;
}

std::optional<std::uint64_t> generation_directory::serving() const {
    const auto name = stable_name();
    std::error_code failure;
    const auto status = fs::symlink_status(name, failure);
    if (status.type() == fs::file_type::not_found) return {};
    if (failure) throw cannot_look(name, failure.value());
    const auto refuse = [&](error_kind kind, std::string_view why) {
        throw error{kind, fmt::format("{}: {}; it was left untouched; move it away to rebuild the projection from the "
                                      "events",
                                      name.string(), why)};
    };
    if (status.type() != fs::file_type::symlink)
        refuse(error_kind::foreign_file, "is not a link to a generation of the read model");
    const auto target = link_target(name).string();
    const auto number = number_in(target);
    if (!number)
        refuse(error_kind::foreign_file,
               fmt::format("leads to '{}', which is not a generation of this read model", target));
    if (!size_of(file(*number))) return {};  // deleted: it is built again, like everything that is deleted here
    return number;
}

std::vector<std::uint64_t> generation_directory::all() const {
    std::vector<std::uint64_t> numbers;
    // std::filesystem::directory_iterator may end the program if there is no memory.
    const std::unique_ptr<DIR, int (*)(DIR*)> listing{::opendir(directory_.c_str()),
                                                      [](DIR* d) { return ::closedir(d); }};
    if (!listing) throw file_error(directory_, "cannot be listed", errno);
    errno = 0;
    for (const auto* entry = ::readdir(listing.get()); entry != nullptr; errno = 0, entry = ::readdir(listing.get()))
        if (const auto number = number_in(entry->d_name)) numbers.push_back(*number);
    if (errno != 0) throw file_error(directory_, "cannot be listed", errno);
    std::ranges::sort(numbers);
    return numbers;
}

std::uint64_t generation_directory::next() const {
    const auto numbers = all();
    return numbers.empty() ? 1 : numbers.back() + 1;
}

void generation_directory::serve(std::uint64_t generation) const {
    owner_.expect_locked();
    const auto name = stable_name();
    // A new link is made beside the old one and renamed over it: rename(2) replaces it atomically.
    const auto fresh = directory_ / (projection_ + ".db.new");
    std::error_code failure;
    const auto status = fs::symlink_status(fresh, failure);
    if (status.type() != fs::file_type::not_found && status.type() != fs::file_type::symlink)
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is not a link to a generation of the read model; it was left untouched; move it "
                                "away",
                                fresh.string())};
    fs::remove(fresh, failure);
    if (!failure) fs::create_symlink(file(generation).filename(), fresh, failure);
    expect(fresh, "the link cannot be made", failure);
    fs::rename(fresh, name, failure);
    expect(name, "cannot be replaced", failure);
    sync_directory(directory_);
}

void generation_directory::sync() const {
    sync_directory(directory_);
}

void generation_directory::remove(std::uint64_t generation) const {
    owner_.expect_locked();
    // The main file first: the others mean nothing without it, but without them it would lack its last commits.
    const auto remove = [name = file(generation)](const char* suffix) {
        auto each = name;
        each += suffix;
        expect_regular_or_absent(each);
        std::error_code failure;
        fs::remove(each, failure);
        expect(each, "cannot be removed", failure);
    };
    remove("");
    for (const auto* const suffix : sqlite_suffixes) remove(suffix);
}

}  // namespace stele::inline v0::detail
