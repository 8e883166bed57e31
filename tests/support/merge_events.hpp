#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

/// Whether a store merges what was appended into its indices only now and then, and can be told when.
template <class Options = stele::sqlite_options>
inline constexpr bool has_merges = requires(Options options) { options.merge_events; };

/// The same options, with merges that begin once so many events are unmerged; by default as the store sees fit.
template <class Options>
Options with_merges(Options options, std::optional<std::size_t> events) {
    if constexpr (requires { options.merge_events; })
        if (events) options.merge_events = *events;
    return options;
}

/// Few enough that tests cross many merges.
inline std::vector<std::size_t> tiny_merges() {
    return has_merges<> ? std::vector<std::size_t>{1, 2, 7} : std::vector<std::size_t>{};
}
