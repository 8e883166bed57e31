#pragma once

#include "faults/tools/labelled.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

/// The process that is killed: it appends from several threads, without end, and reports the answers of the store.

/// A report of the child through its pipe, one write each, after the store has answered.
struct receipt {
    enum class kind : std::uint8_t {
        opened,    ///< The store is open.
        accepted,  ///< The append is stored; version, position and stream are of its last event.
        refused,   ///< The append met a conflict.
        removed,   ///< The events of the append have been removed; position is of the store's record of it.
        fault,     ///< The store threw; `text` says what.
    };
    kind what = kind::opened;
    std::uint16_t count = 0;  ///< How many events the append has.
    append_key key = {};
    stele::version version = {};
    stele::position position = {};
    char text[96] = {};  ///< The stream, or what a fault says.
};

/// The prefix of the streams whose appends the child may remove later.
inline constexpr std::string_view removable_category = "gone";

struct child_plan {
    std::filesystem::path file;
    stele::durability durability = stele::durability::full;
    std::uint32_t round = 0;
    std::uint16_t first_writer = 0;  ///< The threads are this writer and the next ones.
    std::uint16_t threads = 1;
    std::uint64_t seed = 0;
    std::optional<std::size_t> merge_events = {};  ///< After how many events the store merges its indices.
};

/// Appends until it is killed or has reported a fault. Never returns.
[[noreturn]] void run_child(const child_plan& plan, int pipe);
