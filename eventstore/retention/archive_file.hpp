#pragma once

#include "eventstore/retention/archive_reader.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// An archive that is being written.
///
/// Events go through three states, so that none is lost and none is written twice: written and synced (sync), then
/// removed from the store by the caller (removed), then noted in a document of the store as gone (note). Whoever opens
/// the archive later finds in it which events after that note may still be in the store (unremoved).
class archive_file {
public:
    /// An event that the archive holds and the store may still hold.
    struct held_event {
        stele::version version;
        uuid id;
    };
    /// Those of one stream, in order. Versions between them may be missing.
    using held_events = std::vector<held_event>;

    /// Opens the archive or makes it, keeps other writers out, and cuts off an incomplete line at its end. Throws what
    /// apply_retention() does.
    archive_file(event_store& store, const retention_options& options);

    /// By the name of the stream.
    [[nodiscard]] const std::map<std::string, held_events>& unremoved() const noexcept { return unremoved_; }

    /// Throws stele::error (other_store) if the store never had these events, or holds others up to the last of them
    /// that are not in the archive. Returns the version up to which they can be removed from the store; 0 if none is
    /// there any more.
    version expect_same(const std::string& stream, const held_events& held);

    /// Writes the events of these versions, both included, but for those that it holds already. Returns how many.
    std::uint64_t add(const stream_id& stream, version first, version last);

    /// Syncs what was written. Throws stele::error (io, full), also if the file was moved or removed.
    void sync();

    /// Says that what the archive holds of the stream is no longer in the store.
    void removed(const std::string& stream) { unremoved_.erase(stream); }

    /// Notes in the store how much of the archive is no longer there, if that is all of it.
    void note();

private:
    void lock() const;
    void begin();
    void read_on(archive_reader& reader, std::uint64_t noted_bytes, std::uint32_t noted_sum);
    void hold(const owned_event& event);
    void write(std::string_view bytes);
    void flush();
    void write_note();
    void expect_in_place() const;
    [[nodiscard]] error foreign(std::string_view why) const;

    event_store& store_;
    const retention_options& options_;
    std::filesystem::path file_;
    descriptor_owner descriptor_;
    uuid id_;
    std::map<std::string, held_events> unremoved_;
    std::string buffer_;
    std::uint64_t bytes_ = 0;  // of the file, without the buffer
    archive_sum sum_;          // with the buffer
};

}  // namespace stele::inline v0::detail
