#pragma once

#include <string_view>

/// A part of the library with a target of its own: a wing, or an engine of the event store.
struct wing {
    std::string_view name;    // of its target and of its umbrella header
    std::string_view folder;  // below include/stele and below the root
    int floor = 0;            // a wing may include those of lower floors only
    bool engine = false;      // only wings that name it among their uses may include it
    std::string_view uses{};  // the engine that it may include, if any
};

/// From the ground up. tests/structure fails on an include that this table does not allow.
inline constexpr wing wings[] = {
    {.name = "eventstore", .folder = "eventstore", .floor = 10},
    {.name = "memory", .folder = "eventstore/memory", .floor = 11, .engine = true},
    {.name = "sqlite", .folder = "eventstore/sqlite", .floor = 11, .engine = true},
    {.name = "codec", .folder = "codec", .floor = 20},
    {.name = "aggregates", .folder = "aggregates", .floor = 30},
    {.name = "commands", .folder = "commands", .floor = 40},
    {.name = "projections", .folder = "projections", .floor = 40, .uses = "sqlite"},
    {.name = "processes", .folder = "processes", .floor = 50},
    {.name = "testing", .folder = "testing", .floor = 60, .uses = "sqlite"},
};

/// The wing that a path below include/stele or below the root belongs to: of a folder, or an umbrella header.
const wing* wing_of(std::string_view path_below_root);

/// Whether the files of `from` may include those of `to`.
bool may_include(const wing& from, const wing& to);
