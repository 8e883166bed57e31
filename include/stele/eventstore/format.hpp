#pragma once

#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Formatters for {fmt}: a position or version prints as its number and takes the format of one, a stream id, an
/// expected version and a uuid print as their str() and take the format of a string.
///
///     fmt::print("{} is at {:>8}\n", id, store.head());

/// @cond
template <>
struct fmt::formatter<stele::position> : fmt::formatter<std::uint64_t> {
    template <class Context>
    auto format(stele::position value, Context& context) const {
        return fmt::formatter<std::uint64_t>::format(value.value, context);
    }
};

template <>
struct fmt::formatter<stele::version> : fmt::formatter<std::uint64_t> {
    template <class Context>
    auto format(stele::version value, Context& context) const {
        return fmt::formatter<std::uint64_t>::format(value.value, context);
    }
};

template <>
struct fmt::formatter<stele::expected_version> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(stele::expected_version value, Context& context) const {
        return fmt::formatter<std::string_view>::format(value.str(), context);
    }
};

template <>
struct fmt::formatter<stele::stream_id> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(const stele::stream_id& value, Context& context) const {
        return fmt::formatter<std::string_view>::format(value.str(), context);
    }
};

template <>
struct fmt::formatter<stele::uuid> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(const stele::uuid& value, Context& context) const {
        return fmt::formatter<std::string_view>::format(value.str(), context);
    }
};
/// @endcond
