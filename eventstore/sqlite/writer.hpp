#pragma once

#include "eventstore/files/name_watch.hpp"
#include "eventstore/sqlite/catalog.hpp"
#include "eventstore/sqlite/commit_queue.hpp"
#include "eventstore/sqlite/conditions/condition_check.hpp"
#include "eventstore/sqlite/files/main_file.hpp"
#include "eventstore/sqlite/hashes/tile_writer.hpp"
#include "eventstore/sqlite/index/index_writer.hpp"
#include "eventstore/sqlite/tags/added_tags.hpp"
#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <stele/eventstore/sqlite/detail/append_participant.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/eventstore/sqlite/detail/open_files.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace stele::inline v0::detail {

/// The one connection of the process that writes. One thread at a time: the leader of the commit queue.
class writer {
public:
    /// Opens the file and creates the tables if it is empty. It shares the tail with readers.
    writer(const std::filesystem::path& file, const sqlite_options& options, std::shared_ptr<index_tail> tail);
    ~writer();
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// Commits a group of appends in one transaction and sets each outcome, or the same fault for all. A conflict of
    /// one never affects the others. After a fault of the disk every later call fails with `closed`. Returns the
    /// position of the last event appended, or 0.
    position commit(commit_queue::append_group& group) noexcept;

    /// How many bytes of the log are in use. Called where commit() is.
    [[nodiscard]] std::int64_t log_bytes() const noexcept { return main_.log_bytes(); }
    /// Moves the log into the main file as far as readers allow. Does nothing if another process keeps the lock.
    void checkpoint() noexcept;

    /// Returns the space of removed events to the disk. Throws as the engine does.
    void compact();

    /// As append_host::transact(); `store` is passed on to `work`.
    void transact(event_store& store, const append_host::transaction& work);
    [[nodiscard]] const append_participant* participant() const { return participant_.get(); }
    /// The files that it writes to.
    [[nodiscard]] const open_files& files() const { return files_; }

private:
    using outcome = append_request::outcome_type;

    void alone(const std::function<void()>& work);
    position commit_all(commit_queue::append_group& group);
    [[nodiscard]] bool may_leave_rows(const append_request& request) const;
    position write(append_request& request);
    void apply_guarded(append_request& request);
    void refresh();
    void join_participant();
    void begin();
    std::pair<position, std::int64_t> last_event();
    void check_next_position(position head);
    void roll_back() noexcept;
    void forget() noexcept;
    void check_open() const;
    void check_files();
    void expect_log_kept() const;
    [[nodiscard]] bool may_move_log() const;
    void complete_file();
    void forget_transaction() noexcept;
    std::optional<error> vacuum();
    void note_fault(const error& fault) noexcept;
    void fail(const commit_queue::append_group& group, const std::exception_ptr& fault) noexcept;

    outcome apply(const append_request& request);
    outcome append(std::span<const stream_write> writes, std::span<const document_write> documents = {},
                   std::span<const append_condition> conditions = {});
    std::optional<conflict> conflict_with(const append_condition& condition);
    outcome refused(const conflict& reason, std::span<const stream_write> writes);
    timestamp time_of_append();
    bool write_documents(std::span<const document_write> documents, position last);
    void roll_back_append();
    std::optional<conflict> write_events(const stream_write& write, bool closes_append, append_result& result);
    bool insert(const stream_id& name, stream_record& stream, const event_data& event, bool closes_append);
    std::optional<std::vector<append_result>> find_repeated(std::span<const stream_write> writes);
    outcome remove(const removal_request& removal);
    outcome add_tags(const tagging_request& tagging);

    file_lock lock_;  // held until the connection has closed, which checkpoints
    main_file main_;
    connection db_;
    open_files files_;
    name_watch names_;  // of these and the lock
    std::chrono::milliseconds busy_timeout_;
    std::function<timestamp()> now_;
    bool handling_ = false;  // code that takes part in appends runs
    bool refuses_ = false;   // after a fault of the disk
    std::string refusal_;    // why; empty if there was no memory for it

    // Valid as long as nobody else writes and nothing is rolled back; refresh() and forget() ensure it.
    std::int64_t data_version_ = -1;
    std::int64_t last_recorded_at_ = std::numeric_limits<std::int64_t>::min();

    statement begin_, commit_, roll_back_, data_version_query_, last_event_query_, given_query_;
    statement savepoint_, release_, rollback_to_;
    statement add_event_, stored_events_;
    statement put_document_, add_document_, remove_document_;
    std::shared_ptr<index_tail> tail_;
    index_writer index_;
    index_writer::savepoint append_begin_;  // what was pending before the append that is being made
    catalog catalog_;
    tag_ids tags_;
    added_tags added_tags_;
    tile_writer tree_;
    std::uint64_t leaves_before_ = 0;  // those before the append that is being made
    bool has_savepoint_ = false;       // it has one
    condition_check conditions_;
    bool is_joined_ = false;                    // whether the participant has followed what others wrote
    std::string missing_projections_;           // why events are refused, if the participant lacks inline projections
    append_host::participant_ptr participant_;  // destroyed before the connection it writes on
};

}  // namespace stele::inline v0::detail
