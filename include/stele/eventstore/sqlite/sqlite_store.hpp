#pragma once

#include <stele/eventstore/event_store.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace stele::inline v0 {

namespace detail {
struct participation;
}

/// What a returned append has survived. "Written" is write(): the bytes are with the operating system. "Synced" is
/// fsync(): they are with the disk.
enum class durability : std::uint8_t {
    /// Every commit is written and synced before append() returns. A process crash loses nothing that was returned,
    /// a power cut loses nothing that was returned. The default.
    full,
    /// Every commit is written before append() returns; it is synced with a later checkpoint. A process crash loses
    /// nothing that was returned; a power cut may lose the last appends (a suffix in commit order, never a gap).
    normal,
};

struct sqlite_options {
    stele::durability durability = durability::full;
    /// How long an append waits for another process that is writing before it throws busy.
    std::chrono::milliseconds busy_timeout{5000};
    /// How many idle read connections are kept; more readers at once open (and close) their own.
    std::size_t idle_readers = 4;
    /// How often wait_for_append() looks for what other processes have appended (this process wakes it at once).
    std::chrono::milliseconds poll_interval{20};
    store_limits limits = {};
    /// The name of a registered SQLite VFS; empty for the default one.
    std::string vfs = {};
};

/// An event store in one SQLite file (with FILE-wal and FILE-shm beside it while it is open).
///
/// One connection per process writes; concurrent appends share one commit, so they share one sync. Reads go through
/// read-only connections of their own and never wait for a write. Several processes may open the same file: a lock
/// on FILE-lock keeps their writes and checkpoints apart, which SQLite before 3.51.3 needs (see README, "Promises").
class sqlite_store final : public event_store {
public:
    /// Opens the store, and makes it if there is no such file.
    ///
    /// Throws format (not a file of ours, or of a newer format: nothing was touched), io (no such directory, not
    /// writable), corrupt, busy.
    static sqlite_store open(const std::filesystem::path& file, const sqlite_options& options = {});
    ~sqlite_store() override;

    [[nodiscard]] std::optional<document> find_document(std::string_view kind, std::string_view key) override;
    [[nodiscard]] std::vector<document> list_documents(std::string_view kind,
                                                       const document_read_options& options = {}) override;
    [[nodiscard]] position head() override;
    [[nodiscard]] version stream_version(const stream_id& stream) override;
    [[nodiscard]] position position_at(timestamp time) override;
    position wait_for_append(position seen, std::chrono::milliseconds timeout,
                             const std::stop_token& stop = {}) override;

    /// Copies the store as it is at this moment to a new file, while others read and write. The copy is a store of its
    /// own: to restore, open it. It appears under its name only when it is whole and synced.
    /// Throws invalid_argument when there is a file of that name already, io, full.
    void backup(const std::filesystem::path& to);

    /// Gives the space of removed events back to the disk, by writing the file anew (needs its size once more for as
    /// long as it lasts). Appends wait meanwhile, reads go on. Positions and versions stay.
    void compact();

    /// The version of SQLite that the process is linked with, for example "3.40.1".
    static std::string sqlite_version();

private:
    friend struct detail::participation;
    sqlite_store(const std::filesystem::path& file, const sqlite_options& options);

    append_outcome do_append(std::span<const stream_write> writes, std::span<const document_write> documents) override;
    std::future<std::expected<append_result, conflict>> do_append_async(stream_id stream, expected_version expected,
                                                                        std::vector<event_data> events) override;
    std::expected<append_result, conflict> do_remove(const stream_id& stream, expected_version expected, removal what,
                                                     version before, const event_data& record) override;
    void fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) override;
    void fetch(const all_read_options& options, event_batch& batch) override;
    [[nodiscard]] const store_limits& limits() const override;

    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace stele::inline v0
