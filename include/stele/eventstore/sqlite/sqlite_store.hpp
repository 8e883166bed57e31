#pragma once

#include <stele/eventstore/clock.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/upgrade.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace stele::inline v0 {

namespace detail {
class append_host;
class sqlite_engine;
}  // namespace detail

/// What a returned append survives. "Written" is write(): the operating system has the bytes. "Synced" is fsync(): the
/// disk has them.
enum class durability : std::uint8_t {
    /// Every commit is written and synced before append() returns. Neither a process crash nor a power cut loses
    /// anything that was returned. The default.
    full,
    /// Every commit is written before append() returns, and synced at a later checkpoint. A process crash loses nothing
    /// that was returned; a power cut may lose the last appends (a suffix in commit order, never a gap).
    normal,
};

/// How a store is opened. The defaults are the safe choice.
struct sqlite_options {
    /// What survives a power cut.
    stele::durability durability = durability::full;
    /// For every connection of the store. Its busy timeout is also how long an append, or another call that writes,
    /// waits for another process, or for one and the same commit or call of this process; docs/operations.md says more.
    // With {}, GCC 12 gives optimised code that opens a store a false warning of uninitialised memory.
    connection_options connection = connection_options();
    /// How many idle read connections are kept. More concurrent readers open (and close) their own.
    std::size_t idle_readers = 4;
    /// How often wait_for_append() checks for appends of other processes (this process wakes it at once).
    /// In any unit; less than 1 ms counts as 1 ms.
    detail::saturated<std::chrono::milliseconds> poll_interval = std::chrono::milliseconds{20};
    /// About how large FILE-wal may become while readers are busy; see docs/operations.md. From 1 MiB.
    std::size_t log_bytes = 64UL << 20;
    /// How many events may be stored that are not in the file's indices yet. They are kept in memory, up to three times
    /// as many, with about 100 bytes for each at most, and are read from the file when it is opened. The more, the
    /// faster are appends (docs/performance.md). At least 1.
    std::size_t merge_events = 128UL << 10;
    /// Whether a store that is made, or upgraded, has a hash tree (event_store::root()). One that is there already
    /// stays as it was made. Without a tree appends of many events are faster by a fifth, and a file smaller by a sixth
    /// (docs/performance.md); but root() and the proofs throw invalid_argument, and whoever compares events with their
    /// leaves (compare_leaves, verify(), backup()) has nothing to compare them with.
    bool hash_tree = true;
    /// What one append and one batch may hold.
    store_limits limits = {};
    /// Gives the time of events and documents, in any unit; one thread at a time calls it.
    std::function<detail::saturated<timestamp>()> now = bounded_clock();
    /// What open() does with a store of an earlier file format.
    stele::upgrade upgrade = upgrade::when_needed;
    /// Is told how far an upgrade is: at the beginning and the end of each phase, and every few thousand events. Called
    /// by the thread that opens the store. What it throws ends the upgrade, changes nothing and passes through.
    std::function<void(const upgrade_progress&)> on_upgrade = {};
    /// Ends an upgrade soon: open() throws closed, and nothing was changed.
    std::stop_token stop_upgrade = {};
};

/// How sqlite_store::backup() goes about it.
struct backup_options {
    /// Whether the events of the copy are compared with the hash tree before it gets its name. Without that, the copy
    /// is what the store is, changed events included: for who wants to keep a damaged store.
    bool compare_leaves = true;
};

/// How sqlite_store::verify() goes about it.
struct verify_options {
    /// It ends after so many findings. At least 1.
    std::size_t most = 100;
    /// Ends it soon, with `complete` false.
    std::stop_token stop = {};
};

/// What sqlite_store::verify() has found.
struct verify_result {
    /// Whether everything was compared, or until there was enough damage to report.
    bool complete = false;
    /// One sentence for each thing that is wrong.
    std::vector<std::string> damage = {};

    /// Whether everything was compared and nothing is wrong.
    [[nodiscard]] bool is_sound() const { return complete && damage.empty(); }
};

/// An event store in one SQLite file (with FILE-wal and FILE-shm beside it while it is open).
///
/// One connection per process writes; concurrent appends share one commit and so one sync (group commit). Reads use
/// read-only connections of their own and never wait for a write. Several processes may open the same file: a lock on
/// FILE-lock keeps their writes and checkpoints apart, which SQLite before 3.51.3 needs (docs/operations.md).
///
/// A handle that can be moved, for example into a container or an owner. Ranges, subscriptions, buses and runners refer
/// to the handle that they were given: move it before they are made, and while no other thread uses it. Every call on a
/// handle that was moved from throws closed; it can be destroyed and assigned to. So does every call in a child of
/// fork(), which may open the store itself (docs/operations.md).
class sqlite_store final : public event_store {
public:
    /// Opens the store, and creates it if there is no such file. Upgrades it if it has an earlier file format, and
    /// keeps the old file as FILE.format-1. No other program may have it open meanwhile; until the upgrade is complete,
    /// the old file is what it was. docs/operations.md says how long that takes and how to go back.
    ///
    /// Throws foreign_file (not a store), newer_format (written by a newer version; neither is touched), io (no such
    /// directory; not writable, before any file is made), corrupt (also if a log lies beside that was not written for
    /// it), busy, invalid_argument (the file was used last by another name, a hard link; a bind mount of it alone),
    /// needs_upgrade (an earlier format, and the options say never, or another file is named FILE.format-1), full.
    [[nodiscard]] static sqlite_store open(const std::filesystem::path& file, const sqlite_options& options = {});

    /// Opens a store to read it: for who may not write it, for a file system that is mounted read-only or full, or to
    /// be sure that nothing is written. Others, of other users too, may write meanwhile; what they append is seen at
    /// once by the next read, and by wait_for_append() within the poll interval. Reads, subscriptions, verify() and
    /// backup() work as ever. Whatever writes (append, truncate_stream, documents, compact, inline projections) throws
    /// read_only before anything is done.
    ///
    /// Makes no file and writes none, but for FILE-shm, which SQLite's readers share with its writers;
    /// docs/operations.md says when, and which rights are needed. Of the options, `durability`, `now`, `log_bytes` and
    /// `file_mode` have no effect.
    ///
    /// Throws as open(), needs_upgrade for every earlier format, and io also if there is no such file, if it is no
    /// store yet, or if a log was left that cannot be read without writing. Later reads throw io if the file was moved
    /// or replaced, and busy if others open and close the store all the time.
    [[nodiscard]] static sqlite_store open_read_only(const std::filesystem::path& file,
                                                     const sqlite_options& options = {});

    sqlite_store(sqlite_store&&) noexcept;
    /// Closes the store that this handle had.
    sqlite_store& operator=(sqlite_store&&) noexcept;
    ~sqlite_store() override;

    /// Copies the store as of this moment to a new file, while others read and write. The copy is an independent store:
    /// to restore it, open it. It appears under its name only when it is complete, synced, and every event in it is
    /// what was appended, as its leaf in the hash tree says. Throws invalid_argument if a file of that name exists, or
    /// another backup to that name was faster; io, full; corrupt, naming the position, if an event was changed. Nothing
    /// is left under that name then.
    void backup(const std::filesystem::path& to, const backup_options& options = {});

    /// Returns the space of removed events to the disk by rewriting the file. Meanwhile it needs up to twice the size
    /// of the file: in SQLite's directory for temporary files, and beside the file. Appends wait until it is done, but
    /// not longer than the busy timeout; reads do not wait. Positions and versions stay. Throws busy if others write
    /// for the whole busy timeout.
    void compact();

    /// Removes FILE.format-1, the old file that an upgrade has kept, and returns whether there was one. Call it once
    /// this version of your program has proved itself. Throws foreign_file if the file of that name is no store of an
    /// earlier format, and leaves it untouched; io; read_only.
    bool remove_old_format();

    /// Reads the whole file, as of this moment, and compares what it says twice: indices with tables, versions with
    /// positions, the lists that filtered reads use with the events, each event with its hash. Finds every event,
    /// stream and document that is missing, out of place or not to be found, and every event of which a byte has
    /// changed; what it cannot find is in docs/guarantees.md.
    ///
    /// Others read and write meanwhile, and the log grows as with any long read. Takes seconds for each gigabyte.
    /// Throws io, busy, invalid_argument (options.most is 0). Damage is not thrown but returned.
    [[nodiscard]] verify_result verify(const verify_options& options = {}) const;

    /// The version of SQLite that the process is linked with, for example "3.40.1".
    [[nodiscard]] static std::string sqlite_version();

    /// Where code that takes part in the transactions of appends registers. It outlives moves of this handle.
    [[nodiscard]] detail::append_host& append_host() const;

private:
    explicit sqlite_store(std::unique_ptr<detail::sqlite_engine> engine) noexcept;

    append_all_outcome do_append(std::span<const stream_write> writes, std::span<const document_write> documents,
                                 std::span<const append_condition> conditions) override;
    std::future<append_outcome> do_append_async(stream_id stream, expected_version expected,
                                                std::vector<event_data> events,
                                                std::vector<append_condition> conditions) override;
    append_outcome do_remove(const stream_id& stream, expected_version expected, stream_removal kind, version before,
                             const event_data& record) override;
    void do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) override;
    void do_fetch(const all_read_options& options, event_batch& batch) override;
    std::optional<owned_event> do_find_event(const uuid& id) override;
    stream_info do_find_stream(const stream_id& stream) override;
    std::vector<stream_info> do_list_streams(const stream_list_options& options) override;
    std::optional<document> do_find_document(std::string_view kind, std::string_view key) override;
    std::vector<document> do_list_documents(std::string_view kind, const document_read_options& options) override;
    void do_add_tags(const tag_batch& batch, const event_data& record) override;
    std::vector<stele::tagging_status> do_tagging_status() override;
    std::vector<std::string> do_event_types() override;
    position do_head() override;
    version do_stream_version(const stream_id& stream) override;
    position do_position_at(timestamp time) override;
    tree_root do_root(std::optional<position> size) override;
    inclusion_proof do_prove_inclusion(position event, position size) override;
    consistency_proof do_prove_consistency(position old_size, position new_size) override;
    position do_wait_for_append(position seen, std::chrono::milliseconds timeout, const std::stop_token& stop) override;
    [[nodiscard]] const store_limits& do_limits() const override;

    [[nodiscard]] detail::sqlite_engine& engine() const;

    std::unique_ptr<detail::sqlite_engine> engine_;
};

}  // namespace stele::inline v0
