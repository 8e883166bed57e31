#pragma once

#include <stele/eventstore/event.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {

/// The bits of the column `flags` of an event. Part of the file format.
struct event_flags {
    static constexpr std::int64_t closes_append = 1;  ///< It is the last one of its append.
    static constexpr std::int64_t id_in_order = 2;    ///< Its id is greater than all that were stored before it.
    static constexpr std::int64_t content = 12;       ///< Two bits: 0 a message, 1 JSON, 2 octets.
    static constexpr int content_place = 2;           ///< Of the lower one of these.
    static constexpr std::int64_t foreign_metadata = 16;
    static constexpr std::int64_t all = closes_append | id_in_order | content | foreign_metadata;
};

/// The flags of an event that is stored. `closes`: it is the last one of its append; `in_order`: its id is greater than
/// all that were stored before it.
[[nodiscard]] constexpr std::int64_t flags_of(const event_data& event, bool closes, bool in_order) noexcept {
    return (closes ? event_flags::closes_append : 0) | (in_order ? event_flags::id_in_order : 0) |
           std::int64_t{std::to_underlying(event.content)} << event_flags::content_place |
           (event.foreign_metadata ? event_flags::foreign_metadata : 0);
}

/// What the payload and the metadata of an event are.
struct stored_content {
    event_content content = event_content::message;
    bool foreign_metadata = false;
    friend bool operator==(const stored_content&, const stored_content&) = default;
};

/// Reads the flags of an event; nothing for bits that are never written, which is damage.
[[nodiscard]] constexpr std::optional<stored_content> content_of(std::int64_t flags) noexcept {
    const auto content = (flags & event_flags::content) >> event_flags::content_place;
    if ((flags & ~event_flags::all) != 0 || content > std::to_underlying(event_content::octets)) return std::nullopt;
    return stored_content{static_cast<event_content>(content), (flags & event_flags::foreign_metadata) != 0};
}

}  // namespace stele::inline v0::detail
