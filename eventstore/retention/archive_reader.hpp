#pragma once

#include "eventstore/retention/archive_line.hpp"

#include <stele/eventstore/error.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// A file descriptor that is closed in the end; -1: none.
class descriptor_owner {
public:
    explicit descriptor_owner(int descriptor) noexcept : descriptor_(descriptor) {}
    descriptor_owner(const descriptor_owner&) = delete;
    descriptor_owner& operator=(const descriptor_owner&) = delete;
    ~descriptor_owner();

    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

/// Reads an archive line by line from an open file, and checks their sums. One thread.
class archive_reader {
public:
    /// `descriptor` must stay open, and is read from its beginning; `file` is for messages.
    archive_reader(int descriptor, std::filesystem::path file);

    /// Reads the first line. Nothing if there is no complete one. Throws stele::error (foreign_file, newer_format,
    /// corrupt, io).
    std::optional<uuid> header();

    /// The next line, with its newline, good until the next call; nothing at the end, or before a line that is not
    /// complete. Throws stele::error: corrupt if its sum is wrong, io.
    std::optional<std::string_view> next();

    /// The bytes of the lines that were read.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Their sum.
    [[nodiscard]] const archive_sum& sum() const noexcept { return sum_; }
    /// At the end: the bytes of the incomplete line there.
    [[nodiscard]] std::uint64_t torn_bytes() const noexcept { return buffer_.size() - begin_; }
    /// At the end, without a first line: whether the file is empty, or can only be an archive whose first line was not
    /// written completely.
    [[nodiscard]] bool is_begun() const;

    /// The error of a line that cannot be right: the last one that was read.
    [[nodiscard]] error damage() const;

private:
    bool fill();
    std::optional<std::string_view> line(std::size_t most_bytes);

    int descriptor_;
    std::filesystem::path file_;
    std::string buffer_;
    std::size_t begin_ = 0;     // of the next line in the buffer
    std::size_t searched_ = 0;  // up to here there is no newline
    std::uint64_t line_ = 0;
    std::uint64_t bytes_ = 0;
    archive_sum sum_;
};

}  // namespace stele::inline v0::detail
