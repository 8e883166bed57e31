// When the writer refuses to write, and what it knows about its files.

#include "eventstore/sqlite/writer.hpp"

#include <stele/eventstore/detail/own_file.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

namespace stele::inline v0::detail {

void writer::check_open() const {
    if (refuses_)
        throw error(error_kind::closed,
                    fmt::format("{}: the store refuses writes after an earlier fault ({}); open the store again",
                                db_.file(), refusal_.empty() ? "the disk has failed" : refusal_));
}

// Otherwise appends would go on into a file that nobody finds again, or under a lock that nobody else takes. And a
// checkpoint would tell those who have the log of that name open that its events are in the main file.
void writer::check_files() {
    if (names_.is_quiet()) return;
    names_.look();
    files_.expect_same();
    lock_.place().expect_same(
        "end every program that uses the store, and open it again, which makes a new lock file; the old one cannot be "
        "put back");
    names_.seen();
}

// After a commit: nothing is acknowledged that is in a log which nobody finds again. Where that cannot be known just
// now (the error has a reason of the system), the look before the commit counts.
void writer::expect_log_kept() const {
    if (names_.is_quiet()) return;
    try {
        files_.expect_same();
    } catch (const error& fault) {
        if (fault.engine_code() == 0) throw;
    }
}

// Whether what is in the log may be moved into the main file: nobody else can have written to either. Whoever has
// another file open by its name has this log open, and would take it for moved into that file. A log that was removed
// is still open here, and belongs to a main file that nobody has changed.
bool writer::may_move_log() const {
    if (!lock_.place().is_same()) return false;
    if (files_.is_log_same()) return files_.is_main_same() || !is_there(db_.file());
    return files_.is_main_same() && !files_.is_log_replaced() && main_.is_as_left();
}

// After a fault of the disk its content is unknown until the file is opened again. A lack of memory is none: SQLite has
// rolled back.
void writer::note_fault(const error& fault) noexcept {
    const auto kind = fault.kind();
    if (kind != error_kind::io && kind != error_kind::full && kind != error_kind::corrupt) return;
    // A handler may throw an error of its own, or one of another store.
    if (handling_ && (fault.engine_code() == 0 || fault.engine_code() != sqlite3_extended_errcode(db_.handle())))
        return;
    if ((fault.engine_code() & 0xFF) == SQLITE_NOMEM || fault.engine_code() == SQLITE_IOERR_NOMEM) return;
    refuses_ = true;
    try {
        refusal_ = fault.what();
    } catch (...) {
        refusal_.clear();  // there is no memory for the reason
    }
}

void writer::fail(const commit_queue::append_group& group, const std::exception_ptr& fault) noexcept {
    roll_back();
    for (auto* const request : group.requests()) {
        request->outcome.reset();
        if (!request->fault) request->fault = fault;
    }
}

}  // namespace stele::inline v0::detail
