#pragma once

#include <cstdint>

namespace stele::inline v0::detail {

/// The bits of the column `flags` of an event. Part of the file format.
struct event_flags {
    static constexpr std::int64_t closes_append = 1;  ///< It is the last one of its append.
    static constexpr std::int64_t id_in_order = 2;    ///< Its id is greater than all that were stored before it.
    static constexpr std::int64_t content = 12;       ///< Two bits: 0 a message, 1 JSON, 2 octets.
    static constexpr std::int64_t foreign_metadata = 16;
    static constexpr std::int64_t all = closes_append | id_in_order | content | foreign_metadata;
};

}  // namespace stele::inline v0::detail
