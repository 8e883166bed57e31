#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/uuid.hpp>

#include <boost/crc.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The lines of an archive: each an object of JSON whose last member is the sum of all bytes before that member.
namespace stele::inline v0::detail {

/// What every archive begins with.
inline constexpr std::string_view archive_beginning = "{\"stele_archive\":";

/// The CRC-32 of all that was added.
class archive_sum {
public:
    void add(std::string_view bytes) { sum_.process_bytes(bytes.data(), bytes.size()); }
    [[nodiscard]] std::uint32_t value() const { return sum_.checksum(); }

private:
    boost::crc_32_type sum_;
};

/// Completes a line: an object without the sum becomes one with it and a newline. `sum` is that of all lines before,
/// and then includes this one.
std::string seal_line(std::string object, archive_sum& sum);

/// Whether the line, which ends with a newline, has the right sum, which then includes it.
bool check_line(std::string_view line, archive_sum& sum);

/// The first line, without its sum.
std::string header_of(const uuid& archive);
/// How many bytes from the beginning of the text can be the beginning of a first line of this format.
std::size_t count_of_header(std::string_view text);
/// Reads the first line. Nothing if it is damaged. Throws stele::error (newer_format); `file` is for its message.
std::optional<uuid> read_header(std::string_view line, const std::string& file);

/// The line of an event, without its sum. `json` is added for people if it is an object on one line.
std::string line_of(const recorded_event& event, const std::string& json);
/// Reads the line of an event. Nothing if it is not one.
std::optional<owned_event> read_line(std::string_view line);

}  // namespace stele::inline v0::detail
