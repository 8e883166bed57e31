#pragma once

#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/uuid.hpp>

#include <cstdint>
#include <filesystem>

/// Archives: files that hold the events that apply_retention() has removed from a store (docs/retention.md). Reading
/// them takes no store and changes nothing.
namespace stele::inline v0 {

/// What is in an archive.
struct archive_info {
    uuid id;                    ///< Identifies the archive permanently.
    std::uint64_t events = 0;   ///< How many events it holds.
    std::uint64_t streams = 0;  ///< Of how many streams.
    std::uint64_t bytes = 0;    ///< The bytes of its complete lines.
    /// The bytes after them, of a line that was not written completely: a run is writing just now, or one was killed.
    /// The event is still in the store. The next run cuts them off.
    std::uint64_t torn_bytes = 0;
};

/// Reads the events of an archive in the order of its lines: those of one stream by version, those of different streams
/// in any order. They are as they were stored, with their positions and times. Ends before a line that was not written
/// completely.
///
/// Throws stele::error: io (no such file, no right to read it), foreign_file, newer_format. Iterating throws io, and
/// corrupt if a line is damaged; the events before it were right.
[[nodiscard]] event_range read_archive(const std::filesystem::path& file);

/// Reads the whole archive and checks every sum, every line, and that no event occurs twice. Returns what is in it.
/// Throws as read_archive() and iterating it. Takes memory for the name of each stream.
[[nodiscard]] archive_info verify_archive(const std::filesystem::path& file);

}  // namespace stele::inline v0
