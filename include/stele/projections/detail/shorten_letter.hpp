#pragma once

#include <stele/eventstore/detail/utf8.hpp>
#include <stele/projections/dead_letter.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>

namespace stele::inline v0::detail {

/// What a stored letter takes beside its texts, at most.
inline constexpr std::size_t letter_bytes = 64;

/// Cuts what is there for people (the error, the type and the stream; not the key), so that the letter is stored in at
/// most `most` bytes. Where that is little, half of the room is for the error. An error that is not UTF-8 is repaired.
inline void shorten(dead_letter& letter, std::size_t most) {
    constexpr std::size_t longest_error = 4096;
    letter.error = repair_utf8(letter.error);
    const auto kept = letter_bytes + letter.key.size();
    auto left = most - std::min(most, kept);
    const auto for_error = std::min(letter.error.size(), left / 2);
    for (auto* const text : {&letter.stream, &letter.type}) {
        text->resize(cut_utf8(*text, left - for_error).size());
        left -= text->size();
    }
    letter.error.resize(cut_utf8(letter.error, std::min(left, longest_error)).size());
}

}  // namespace stele::inline v0::detail
