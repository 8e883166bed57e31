#pragma once

#include "eventstore/retention/archive_file.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// Removes events for a run, by way of its archive if there is one, and keeps its report.
///
/// With an archive it works in rounds: the events of several streams are written and synced, then each stream is
/// truncated. What stands in its report was removed.
class event_remover {
public:
    /// Completes what an earlier run with this archive began.
    event_remover(event_store& store, const retention_options& options);

    /// Says that a stream is looked at.
    void sees() { ++report_.streams_seen; }
    /// Says that nothing of a stream has to be removed.
    void keeps(const std::string& stream) { tell({stream, {}, 0, {}}); }
    /// Removes the events of these versions, both included; at most events_per_commit. `is_first` says that nothing was
    /// removed of the stream since it was looked at. False if the stream has failed.
    [[nodiscard]] bool remove(const stream_id& stream, version first, version last, bool is_first);
    /// Removes what was written to the archive and not yet removed.
    void finish();

    [[nodiscard]] const retention_report& report() const noexcept { return report_; }

private:
    struct step {
        stream_id stream;
        version first;
        version last;
        bool is_first;  // of its stream in this run
    };

    void complete_earlier();
    void truncate(step each);
    void fails(const std::string& stream, const std::string& reason);
    void count(const step& each);
    void tell(const stream_retention& stream) const;

    event_store& store_;
    const retention_options& options_;
    std::optional<archive_file> archive_;
    std::vector<step> round_;
    std::uint64_t round_events_ = 0;
    std::set<std::string> failed_;
    retention_report report_;
};

}  // namespace stele::inline v0::detail
