#pragma once

#include <stele/eventstore/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// No position, version, generation or count reaches this number, so a greater one in a file is damage. Sums and
/// products of smaller ones with what the library adds to them do not overflow.
inline constexpr std::uint64_t greatest_stored_number = std::uint64_t{1} << 62;

/// The error (corrupt) of a number in a file that cannot be right. `what` begins the message: "process p: its
/// checkpoint".
inline error wrong_number(std::string_view what, const std::string& value) {
    return {error_kind::corrupt, std::string{what} + " is " + value +
                                     ", which is never written; the file is damaged; restore a backup, or rebuild it "
                                     "if it is a read model"};
}

/// Returns a number as it was found in a file or document, before anything is computed from it. Throws stele::error
/// (corrupt) if it is too great.
inline std::uint64_t stored_number(std::uint64_t value, std::string_view what) {
    if (value > greatest_stored_number) throw wrong_number(what, std::to_string(value));
    return value;
}

}  // namespace stele::inline v0::detail
