#include "eventstore/sqlite/writer.hpp"

#include "eventstore/sqlite/files/file_rights.hpp"
#include "eventstore/sqlite/index/positions_table.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// A checkpoint syncs the WAL before it copies it. On a full disk only the copy fails: the sync is done, and the store
// can be read.
void make_durable(connection& db) {
    const int code = db.try_execute("PRAGMA wal_checkpoint(PASSIVE)");
    if (code != SQLITE_OK && kind_of(code) != error_kind::full) throw db.last_error("checkpoint");
}

// Prepares the file before the first statement on it is prepared.
connection& prepared(connection& db, file_lock& lock, main_file& main, open_files& files,
                     const sqlite_options& options) {
    const locked here(lock, options.connection.busy_timeout, main);
    // Whoever closes the store as the last one has the lock meanwhile.
    if (!lock.mark_open())
        throw error(error_kind::io, fmt::format("{}-lock: cannot be locked; check the file system", db.file()));
    // What one append changes must not depend on the room for temporary files.
    db.execute("PRAGMA temp_store = MEMORY");
    add_positions_table(db);
    main.check_log(db, lock);
    prepare_tables(db, options.hash_tree);
    db.execute("PRAGMA journal_mode = WAL");
    if (options.connection.vfs.empty()) share_with_owner(db.file());
    db.execute(options.durability == durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    main.follow(db);
    // What one large append or a slow reader made of the log is given back when it begins again.
    db.execute(fmt::format("PRAGMA journal_size_limit = {}", options.log_bytes / 2));
    // A process may have ended after it wrote a commit and before it synced it. That commit counts, so it must be
    // durable before a reader sees it or an append is answered with "repeated".
    if (options.durability == durability::full) make_durable(db);
    files.remember_log(db);
    return db;
}

std::filesystem::path inspected(const std::filesystem::path& file, const connection_options& options) {
    inspect(file, options);
    // Before the lock file is made: it would belong to this process.
    if (options.vfs.empty()) expect_directory_of(file.string());
    if (options.vfs.empty()) expect_writable(file.string());
    return file;
}

// The owner can always lock, also once a file that may not be written may be written again.
std::filesystem::perms rights_of_lock(const std::filesystem::path& file, const connection_options& options) {
    using std::filesystem::perms;
    return rights_of(file, options.file_mode) | perms::owner_read | perms::owner_write;
}

}  // namespace

writer::writer(const std::filesystem::path& file, const sqlite_options& options, std::shared_ptr<index_tail> tail)
    : lock_(inspected(file, options.connection).string() + "-lock", rights_of_lock(file, options.connection)),
      main_(file.string()),
      db_(file, open_mode::create, options.connection),
      files_(file.string()),
      names_(file),
      busy_timeout_(options.connection.busy_timeout),
      now_(options.now),
      begin_(prepared(db_, lock_, main_, files_, options).prepare("BEGIN IMMEDIATE")),
      commit_(db_.prepare("COMMIT")),
      roll_back_(db_.prepare("ROLLBACK")),
      data_version_query_(db_.prepare("PRAGMA data_version")),
      last_event_query_(db_.prepare("SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1")),
      given_query_(db_.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'")),
      savepoint_(db_.prepare("SAVEPOINT one_append")),
      release_(db_.prepare("RELEASE one_append")),
      rollback_to_(db_.prepare("ROLLBACK TO one_append")),
      add_event_(db_.prepare("INSERT INTO events (stream, version, type, id, recorded_at, flags, tags, payload, "
                             "metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")),
      stored_events_(db_.prepare("SELECT position, stream, version, id, flags FROM events "
                                 "WHERE position BETWEEN ?1 AND ?2 ORDER BY position")),
      put_document_(db_.prepare("INSERT OR REPLACE INTO documents (kind, key, position, written_at, value) "
                                "VALUES (?1, ?2, ?3, ?4, ?5)")),
      add_document_(db_.prepare("INSERT INTO documents (kind, key, position, written_at, value) "
                                "VALUES (?1, ?2, ?3, ?4, ?5)")),
      remove_document_(db_.prepare("DELETE FROM documents WHERE kind = ?1 AND key = ?2")),
      tail_(std::move(tail)),
      index_(db_, *tail_),
      catalog_(db_, index_),
      tags_(db_),
      added_tags_(db_, tags_),
      tree_(db_),
      conditions_(db_, index_) {}

writer::~writer() {
    // Closing the last connection checkpoints and removes the log, which must not coincide with a write of another
    // process. SQLite may take this one for the last if it is not.
    bool is_last = false;
    try {
        lock_.lock(busy_timeout_);
        if (may_move_log()) {
            complete_file();
            // Closing finds nothing left to do, so the note stays true.
            main_.will_change();
            db_.try_execute("PRAGMA wal_checkpoint(PASSIVE)");
            main_.note(lock_);
            is_last = files_.is_log_same() && lock_.is_only_one();
        }
    } catch (...) {
        is_last = false;
    }
    if (!is_last) sqlite3_db_config(db_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

position writer::commit(commit_queue::append_group& group) noexcept {
    try {
        check_open();
        const locked here(lock_, busy_timeout_, main_);
        check_files();
        while (true) {
            try {
                const auto last = commit_all(group);
                expect_log_kept();
                return last;
            } catch (const append_fault&) {
                // One append rolled the whole transaction back: start again with the others.
                forget_transaction();
            }
        }
    } catch (const error& fault) {
        note_fault(fault);
        fail(group, std::current_exception());
    } catch (...) {
        fail(group, std::current_exception());
    }
    return {};
}

void writer::checkpoint() noexcept {
    try {
        const locked here(lock_, std::min(busy_timeout_, std::chrono::milliseconds{10}), main_);
        check_files();
        // Where it fails, the next commit does the same and meets the fault.
        main_.will_change();
        db_.try_execute("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (...) {
        return;
    }
}

position writer::commit_all(commit_queue::append_group& group) {
    begin();
    refresh();
    tree_.begin(static_cast<std::uint64_t>(index_.head()));
    join_participant();
    position last;
    // Those who come while the others are written share their sync.
    for (std::size_t done = 0; done < group.requests().size() || group.take_more(); ++done)
        last = std::max(last, write(*group.requests()[done]));
    index_.merge();
    tree_.write();
    if (participant_) participant_->finish();
    commit_.run();
    index_.publish();
    return last;
}

// Returns the position of the last event that was written for the request, 0 if there is none.
position writer::write(append_request& request) {
    if (request.fault) return {};
    has_savepoint_ = may_leave_rows(request);
    if (has_savepoint_) savepoint_.run();
    append_begin_ = index_.mark();
    leaves_before_ = tree_.size();
    apply_guarded(request);
    if (has_savepoint_) release_.run();
    const auto& done = request.outcome;
    return done && *done && !(*done)->empty() ? (*done)->back().position : position{};
}

// Whether the request can be refused after it has written rows. A savepoint costs a tenth of a small append, so there
// is none where every refusal comes first.
bool writer::may_leave_rows(const append_request& request) const {
    if (participant_ || request.removal != nullptr || request.tagging != nullptr || request.writes.size() > 1)
        return true;
    const auto adds = [](const document_write& each) { return each.action == document_action::add; };
    if (std::ranges::any_of(request.documents, adds)) return true;
    return !request.writes.empty() && !index_.are_in_order(request.writes.front().events);
}

// Sets the outcome, or the fault if it concerns this append only. Throws append_fault if the whole transaction was
// rolled back.
void writer::apply_guarded(append_request& request) {
    try {
        request.outcome = apply(request);
    } catch (const append_fault& own) {
        request.outcome.reset();
        request.fault = own.cause;
        if (!db_.in_transaction()) throw;
        if (has_savepoint_) roll_back_append();
    }
}

// Another process may have written since the last time.
void writer::refresh() {
    data_version_query_.step();
    const auto current = data_version_query_.column_int64(0);
    data_version_query_.reset();
    const bool is_same = current == data_version_;
    index_.begin(!is_same);
    if (is_same) return;
    forget();
    data_version_ = current;
    const auto [head, recorded_at] = last_event();
    last_recorded_at_ = recorded_at;
    check_next_position(head);
    is_joined_ = false;
}

// The position of the last event, and when it was recorded; 0 and the earliest time if there is none.
std::pair<position, std::int64_t> writer::last_event() {
    const reset_guard done(last_event_query_);
    if (!last_event_query_.step()) return {{}, std::numeric_limits<std::int64_t>::min()};
    return {position{last_event_query_.column_number(0, 1)}, last_event_query_.column_int64(1)};
}

// SQLite continues the positions after the greater of these.
void writer::check_next_position(position head) {
    const reset_guard done(given_query_);
    const auto given = given_query_.step() ? given_query_.column_number(0) : 0;
    if (std::max(given, head.value) == greatest_stored_number)
        throw db_.damage("the last position that was given is the greatest there is");
}

// Another process, or transact(), may have changed which inline projections the file has and what is in their tables.
void writer::join_participant() {
    if (is_joined_) return;
    missing_projections_ = missing_inline_projections(db_, participant_.get());
    if (participant_) {
        const auto head = last_event().first;
        handling_ = true;
        participant_->refresh(head);
        handling_ = false;
    }
    is_joined_ = true;
}

void writer::begin() {
    if (db_.in_transaction()) roll_back();  // a rollback has failed
    begin_.run();
}

void writer::roll_back() noexcept {
    // Prepared before, because preparing needs memory.
    if (db_.in_transaction()) static_cast<void>(roll_back_.try_step());
    roll_back_.reset();
    handling_ = false;
    forget_transaction();
}

void writer::forget_transaction() noexcept {
    tree_.forget();
    forget();
}

void writer::forget() noexcept {
    data_version_ = -1;
    catalog_.forget();
    tags_.forget();
}

}  // namespace stele::inline v0::detail
