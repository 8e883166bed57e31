#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// Retention: old events are removed by policy, and written to an archive first if you like (docs/retention.md).
namespace stele::inline v0 {

/// What stays of one stream, or of each stream of a category. An event that any of the rules keeps stays; all others
/// are removed. At least one of `keep_events`, `keep_for` and `covered_by` must be given.
struct retention_policy {
    /// Exactly this stream. Either it or `category` must be given.
    std::string stream = {};
    /// Every stream of this category.
    std::string category = {};
    /// Keeps so many of the latest events. If it is not given, 1: the latest event stays.
    std::optional<std::uint64_t> keep_events = {};
    /// Keeps what was recorded (recorded_event::recorded_at) less than this time ago. In any unit, 0 or more.
    std::optional<detail::saturated<std::chrono::microseconds>> keep_for = {};
    /// Keeps everything after this position: removes at most up to it (inclusive). Pass how far the slowest projection
    /// or process has come.
    position up_to = (position::max)();
    /// Keeps the events of a stream after the version that it returns, 0 for all of them: up to there something else
    /// holds what they say. For aggregates: snapshots_of() in snapshot.hpp.
    std::function<version(const stream_id& stream)> covered_by = {};
};

/// What a run has done with one stream.
struct stream_retention {
    std::string stream;     ///< Its name.
    version removed_up_to;  ///< Up to here (inclusive) its events were removed, or would be; 0: nothing had to be.
    std::uint64_t events;   ///< How many that were.
    std::string failure;    ///< Why its events could not be removed; empty if they could.
};

/// A stream whose events could not be removed.
struct retention_failure {
    std::string stream;  ///< Its name.
    std::string reason;  ///< One sentence.
};

/// What a run has done, or would do (retention_options::dry_run).
struct retention_report {
    /// Whether it has looked at all streams; false after a stop.
    bool complete = false;
    /// Streams that were looked at. One that two policies are about counts twice.
    std::uint64_t streams_seen = 0;
    /// Those of which something was removed.
    std::uint64_t streams_truncated = 0;
    /// Those that failed.
    std::uint64_t streams_failed = 0;
    /// Events that were removed.
    std::uint64_t events_removed = 0;
    /// Events that were written to the archive. Fewer than were removed if an earlier run had written them already.
    std::uint64_t events_archived = 0;
    /// The first 100 failures.
    std::vector<retention_failure> failures = {};
};

/// How apply_retention() goes about it.
struct retention_options {
    /// The file that gets the events before they are removed (archive.hpp); empty: none. It is made if there is none,
    /// and continued if there is one.
    std::filesystem::path archive = {};
    /// Returns the message of an event as JSON, for those who read the archive; for example
    /// recorded_schemas::to_json(). It is left out where it is no object on one line.
    std::function<std::string(const recorded_event& event)> archive_json = {};
    /// The rights of an archive that is made, exactly.
    std::filesystem::perms file_mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
    /// Only tells what would be removed. Writes nothing, the archive included.
    bool dry_run = false;
    /// At most so many events are removed in one commit, for which appends of others wait. At least 1.
    std::size_t events_per_commit = 1000;
    /// The clock by which `keep_for` counts, in any unit.
    std::function<detail::saturated<timestamp>()> now = system_time;
    /// Called on the calling thread for each stream that was looked at; for one from which much is removed, after each
    /// commit. An exception ends the run and passes through.
    std::function<void(const stream_retention& stream, const retention_report& so_far)> on_stream = {};
    /// Ends the run soon, with `complete` false.
    std::stop_token stop = {};
};

/// Removes what the policies do not keep, as truncate_stream() does, one policy after the other. It may be stopped or
/// killed at any instant and called again: what was removed stays so, and what is left is done then. Others may append
/// and remove meanwhile.
///
/// A stream whose removal the rule of an inline projection rejects, or whose handler throws, is reported as failed, and
/// the run goes on.
///
/// With an archive, events are written to it and synced before they are removed. A run first completes what an earlier
/// one with this archive has begun. No event is lost, and none is in the archive twice. Each is compared with its leaf
/// in the hash tree (all_read_options::compare_leaves): one that was changed is not archived, and ends the run with
/// corrupt, which names the position.
///
/// Throws stele::error: invalid_argument (a policy that names no stream and no category or both, that keeps everything,
/// or that is about the store's own streams), before anything is done; what removing and reading throw. Of the archive:
/// busy (another run writes it), full, io, foreign_file (not an archive), newer_format, corrupt (damaged, or it lacks
/// its end), other_store (of another store, or this one was restored from a backup that does not know it).
retention_report apply_retention(event_store& store, const std::vector<retention_policy>& policies,
                                 const retention_options& options = {});

}  // namespace stele::inline v0
