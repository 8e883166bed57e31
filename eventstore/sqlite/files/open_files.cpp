#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/open_files.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

void open_log(connection& db) {
    static_cast<void>(db.integer("SELECT count(*) FROM sqlite_schema"));
}

// Of the log nothing is known yet.
open_files::open_files(const std::string& file) : file_(file), main_(file), log_(""), index_("") {}

void open_files::remember_log(connection& db) {
    open_log(db);
    log_ = file_identity(file_ + "-wal");
    index_ = file_identity(file_ + "-shm");
}

void open_files::expect_same() const {
    main_.expect_same();
    expect_same(log_, "-wal");
    expect_same(index_, "-shm");
}

void open_files::expect_same(const file_identity& part, const char* suffix) const {
    if (part.is_in_place()) return;
    throw error(
        error_kind::io,
        fmt::format("{}{}: was removed or replaced while the store had it open; nothing is written to the store any "
                    "more; close the store in every program, and kill none of them: closing saves what is only in that "
                    "log, where nobody has written to the store since; then open it again",
                    file_, suffix));
}

bool open_files::is_log_replaced() const noexcept {
    try {
        const auto log = file_ + "-wal";
        const auto index = file_ + "-shm";
        return (!log_.is_in_place() && size_of(log).value_or(0) > 0) || (!index_.is_in_place() && is_there(index));
    } catch (...) {
        return true;
    }
}

}  // namespace stele::inline v0::detail
