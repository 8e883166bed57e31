#include "eventstore/retention/archive_reader.hpp"

#include <stele/eventstore/detail/own_file.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace stele::inline v0::detail {

descriptor_owner::~descriptor_owner() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

archive_reader::archive_reader(int descriptor, std::filesystem::path file)
    : descriptor_(descriptor), file_(std::move(file)) {}

// Adds the next bytes of the file to the buffer; false at its end.
bool archive_reader::fill() {
    constexpr std::size_t part = 1UL << 20;
    buffer_.erase(0, std::exchange(begin_, 0));
    searched_ = buffer_.size();
    buffer_.resize(searched_ + part);
    ssize_t read = -1;
    do read = ::pread(descriptor_, buffer_.data() + searched_, part, static_cast<off_t>(bytes_ + searched_));
    while (read < 0 && errno == EINTR);
    const int code = errno;
    buffer_.resize(searched_ + static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
    if (read < 0) throw file_error(file_, "the archive cannot be read", code);
    return read > 0;
}

std::optional<std::string_view> archive_reader::line(std::size_t most_bytes) {
    for (;;) {
        const auto end = buffer_.find('\n', std::max(begin_, searched_));
        if (end != std::string::npos) {
            const auto found = std::string_view{buffer_}.substr(begin_, end + 1 - begin_);
            begin_ = searched_ = end + 1;
            return found;
        }
        if (!fill()) return std::nullopt;
        // Of a hostile file no more is taken into memory.
        if (searched_ > most_bytes) return std::string_view{buffer_};
    }
}

std::optional<std::string_view> archive_reader::next() {
    constexpr std::size_t longest = 1UL << 31;  // more than any event can take
    const auto found = line(longest);
    if (!found) return std::nullopt;
    ++line_;
    if (!check_line(*found, sum_)) throw damage();
    bytes_ += found->size();
    return found;
}

std::optional<uuid> archive_reader::header() {
    constexpr std::size_t longest = 1UL << 20;
    const auto first = line(longest);
    const auto refuse = [&] {
        return error(error_kind::foreign_file,
                     fmt::format("{}: is not an archive; it was left untouched; give another name", file_.string()));
    };
    if (!first) {
        if (!is_begun()) throw refuse();
        return std::nullopt;
    }
    if (!first->starts_with(archive_beginning)) throw refuse();
    ++line_;
    if (!check_line(*first, sum_)) throw damage();
    bytes_ += first->size();
    const auto id = read_header(*first, file_.string());
    if (!id) throw damage();
    return id;
}

// What a file system has promised room for, and not written, is zeros.
bool archive_reader::is_begun() const {
    const auto rest = std::string_view{buffer_}.substr(begin_);
    return std::ranges::all_of(rest.substr(count_of_header(rest)), [](char c) { return c == '\0'; });
}

error archive_reader::damage() const {
    return {error_kind::corrupt,
            fmt::format("{}: the archive is damaged in line {}, after byte {}; nothing was changed; keep the file, and "
                        "put a good copy in its place if you have one; to go on without it, give a new archive",
                        file_.string(), line_, bytes_)};
}

}  // namespace stele::inline v0::detail
