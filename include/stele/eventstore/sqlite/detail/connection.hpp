#pragma once

#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/connection_options.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace stele::inline v0::detail {

class connection;

/// A prepared statement. Belongs to the thread that uses its connection; must be destroyed before the connection.
///
/// Numbered as in SQLite: parameters from 1, columns from 0. Bound text and blobs are not copied: they must stay valid
/// until the statement is reset.
class statement {
public:
    statement(const connection& db, std::string_view sql);

    void bind(int parameter, std::int64_t value);
    void bind(int parameter, double value);
    void bind_text(int parameter, std::string_view value);
    // A temporary does not live so long.
    template <std::same_as<std::string> Text>
    void bind_text(int parameter, Text&& value) = delete;
    /// An empty value is stored as an empty blob, never as NULL.
    void bind_blob(int parameter, std::string_view value);
    template <std::same_as<std::string> Text>
    void bind_blob(int parameter, Text&& value) = delete;
    void bind_null(int parameter);

    /// Goes to the next row; false at the end. On an error it resets the statement and throws stele::error with the
    /// file and SQLite's message. Waits, at most for the busy timeout, while FILE-shm is being changed by a writer and
    /// this process may not write it, which SQLite takes for the rest of one that was killed; so does the constructor.
    bool step();
    /// Steps a statement that returns no rows and resets it.
    void run();
    /// As step(), but returns SQLite's extended result code instead of throwing.
    int try_step() noexcept;
    void reset() noexcept;

    [[nodiscard]] std::int64_t column_int64(int column) const;
    /// A position, version, count or id. Throws stele::error (corrupt), naming file, column and value, if it is less
    /// than `least` or greater than any that is written (stored_number.hpp). NULL, the maximum of no rows, is 0.
    [[nodiscard]] std::uint64_t column_number(int column, std::uint64_t least = 0) const;
    [[nodiscard]] double column_double(int column) const;
    /// The bytes of a text or blob column, good until the next step or reset. NULL gives no bytes.
    [[nodiscard]] std::string_view column_bytes(int column) const;
    [[nodiscard]] bool column_is_null(int column) const;
    /// SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL.
    [[nodiscard]] int column_type(int column) const;
    [[nodiscard]] int column_count() const;
    [[nodiscard]] int parameter_count() const;
    [[nodiscard]] sqlite3_stmt* handle() const noexcept { return statement_.get(); }

private:
    void check(int code) const;

    struct finalizer {
        process_mark process;
        void operator()(sqlite3_stmt* s) const noexcept;
    };
    [[nodiscard]] bool is_inherited() const noexcept { return statement_.get_deleter().process.is_inherited(); }
    std::unique_ptr<sqlite3_stmt, finalizer> statement_;
    const connection* db_;
};

/// Resets a statement when the scope ends.
class reset_guard {
public:
    explicit reset_guard(statement& s) noexcept : statement_(s) {}
    reset_guard(const reset_guard&) = delete;
    reset_guard& operator=(const reset_guard&) = delete;
    ~reset_guard() { statement_.reset(); }

private:
    statement& statement_;
};

enum class open_mode : std::uint8_t {
    create,  ///< Read and write; creates the file if it does not exist.
    write,   ///< Read and write; the file must exist.
    read,    ///< Read only; never checkpoints, not even when it is closed.
    frozen,  ///< Read only, as a file that nobody changes meanwhile: without its log, without locks ("immutable").
};

/// A connection to one SQLite file. One thread at a time.
class connection {
public:
    /// Throws stele::error that names the file: io (cannot be opened), foreign_file (not a database).
    connection(const std::filesystem::path& file, open_mode mode, const connection_options& options = {});
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    [[nodiscard]] statement prepare(std::string_view sql) {
        expect_own_process();
        return {*this, sql};
    }
    /// Runs statements separated by ';' and ignores their rows.
    void execute(const std::string& sql);
    /// As execute(), but returns SQLite's extended result code instead of throwing.
    int try_execute(const char* sql) noexcept;
    /// The first column of the first row of a query, for example "PRAGMA user_version"; 0 if there is no row.
    [[nodiscard]] std::int64_t integer(std::string_view sql);
    [[nodiscard]] bool has_table(std::string_view name);

    /// Whether a transaction is open. SQLite rolls back by itself after some faults.
    [[nodiscard]] bool in_transaction() const noexcept;
    [[nodiscard]] std::int64_t last_insert_rowid() const noexcept;
    [[nodiscard]] std::int64_t changes() const noexcept;
    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    [[nodiscard]] std::chrono::milliseconds busy_timeout() const noexcept { return busy_timeout_; }
    /// Throws stele::error (closed) in a child of the process that opened it.
    void expect_own_process() const { db_.get_deleter().process.expect_own(file_); }
    [[nodiscard]] sqlite3* handle() const noexcept { return db_.get(); }
    /// The last error of this connection as stele::error; `doing` ("commit") starts the message after the file's name.
    [[nodiscard]] error last_error(std::string_view doing) const;
    /// Damage that SQLite did not detect, as stele::error (corrupt): the file's name, `what`, and what to do.
    [[nodiscard]] error damage(std::string_view what) const;

private:
    // In a child of fork() it leaves the connection as it is: it has no locks there to checkpoint or close under.
    struct closer {
        process_mark process;
        void operator()(sqlite3* db) const noexcept;
    };
    std::string file_;
    std::chrono::milliseconds busy_timeout_;
    std::unique_ptr<sqlite3, closer> db_;
};

/// The kind of error that an (extended) result code of SQLite is.
[[nodiscard]] error_kind kind_of(int sqlite_code) noexcept;

/// Rethrows the exception being handled, for statements that are correct whatever the caller passed. What SQLite
/// reports as a mistake in the statement (a value too large, a duplicate row) then means a damaged file, so it becomes
/// corrupt.
[[noreturn]] void rethrow_as_damage();

}  // namespace stele::inline v0::detail
