#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <string>

namespace stele::inline v0::detail {

/// The files that a connection has open: the main file, its log (FILE-wal) and the index of the log (FILE-shm). SQLite
/// does not notice when one of them is removed or replaced: it goes on writing into a log that nobody finds again. Any
/// thread may call it, but for remember_log().
class open_files {
public:
    /// Remembers the main file, which has just been opened.
    explicit open_files(const std::string& file);

    /// Lets SQLite open the log, and remembers it. `db` is a connection to the main file, in no transaction.
    void remember_log(connection& db);

    /// Throws stele::error (io) if one of the names means another file now, or none.
    void expect_same() const;
    /// Whether all are the same. Throws stele::error (io) if that cannot be known just now.
    [[nodiscard]] bool are_in_place() const {
        return main_.is_in_place() && log_.is_in_place() && index_.is_in_place();
    }
    [[nodiscard]] bool is_main_same() const noexcept { return main_.is_same(); }
    /// Whether another file has the name of the main file, and still this log: who writes to that one writes into it.
    [[nodiscard]] bool is_log_of_another() const noexcept {
        return main_.is_replaced() && (log_.is_same() || index_.is_same());
    }
    [[nodiscard]] bool is_log_same() const noexcept { return log_.is_same() && index_.is_same(); }
    /// Whether somebody may have put something into another log, or another index: not if what is missing is missing.
    [[nodiscard]] bool is_log_replaced() const noexcept;

private:
    void expect_same(const file_identity& part, const char* suffix) const;

    std::string file_;
    file_identity main_, log_, index_;
};

/// Lets SQLite open the log, which it does when it first reads.
void open_log(connection& db);

}  // namespace stele::inline v0::detail
