#include "eventstore/sqlite/files/file_rights.hpp"
#include "eventstore/sqlite/files/sqlite_error.hpp"
#include "eventstore/sqlite/files/sqlite_fork.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <thread>
#include <utility>

namespace stele::inline v0::detail {
void statement::finalizer::operator()(sqlite3_stmt* s) const noexcept {
    if (!process.is_inherited()) sqlite3_finalize(s);
}

namespace {

// Calls SQLite until it does not find FILE-shm as a writer leaves it for an instant: who may write it would repair it,
// and who may not is told that it is the rest of a writer that was killed. Nothing was read then.
template <class Call>
int when_index_is_whole(const connection& db, const Call& call) {
    int code = call();
    if (code != SQLITE_READONLY_RECOVERY) [[likely]]
        return code;
    constexpr std::chrono::milliseconds pause{1};
    for (const auto deadline = end_of_wait(db.busy_timeout()); code == SQLITE_READONLY_RECOVERY; code = call()) {
        if (std::chrono::steady_clock::now() >= deadline)
            throw error(error_kind::busy,
                        fmt::format("{0}: its writer was changing {0}-shm for the whole busy timeout, or was killed "
                                    "while it did; try again, and if it stays so, let a program that may write the "
                                    "file open and close it once",
                                    db.file()),
                        code);
        std::this_thread::sleep_for(pause);
    }
    return code;
}

}  // namespace

statement::statement(const connection& db, std::string_view sql) : db_(&db) {
    sqlite3_stmt* raw = nullptr;
    const int code = when_index_is_whole(db, [&] {
        return sqlite3_prepare_v3(db.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                  &raw, nullptr);
    });
    if (code != SQLITE_OK) throw make_error(db.handle(), code, db.file(), fmt::format("prepare '{}'", sql));
    statement_.reset(raw);
}

void statement::check(int code) const {
    if (code != SQLITE_OK)
        throw make_error(db_->handle(), code, db_->file(), fmt::format("in '{}'", sqlite3_sql(handle())));
}

void statement::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(handle(), parameter, value));
}

void statement::bind(int parameter, double value) {
    check(sqlite3_bind_double(handle(), parameter, value));
}

void statement::bind_text(int parameter, std::string_view value) {
    const char* const data = value.empty() ? "" : value.data();
    check(sqlite3_bind_text64(handle(), parameter, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void statement::bind_blob(int parameter, std::string_view value) {
    // A null pointer would bind NULL.
    const char* const data = value.empty() ? "" : value.data();
    check(sqlite3_bind_blob64(handle(), parameter, data, value.size(), SQLITE_STATIC));
}

void statement::bind_null(int parameter) {
    check(sqlite3_bind_null(handle(), parameter));
}

int statement::try_step() noexcept {
    if (is_inherited()) return SQLITE_MISUSE;
    const int code = sqlite3_step(handle());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        const int extended = sqlite3_extended_errcode(sqlite3_db_handle(handle()));
        reset();
        return extended;
    }
    return code;
}

bool statement::step() {
    statement_.get_deleter().process.expect_own(db_->file());
    const int code = when_index_is_whole(*db_, [this] {
        const int result = sqlite3_step(handle());
        if (result == SQLITE_READONLY_RECOVERY) reset();
        return result;
    });
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    const reset_guard done(*this);  // also if there is no memory for the message
    throw make_error(db_->handle(), code, db_->file(), fmt::format("in '{}'", sqlite3_sql(handle())));
}

void statement::run() {
    while (step()) {
    }
    reset();
}

void statement::reset() noexcept {
    if (!is_inherited()) sqlite3_reset(handle());
}

std::int64_t statement::column_int64(int column) const {
    return sqlite3_column_int64(handle(), column);
}

std::uint64_t statement::column_number(int column, std::uint64_t least) const {
    const auto value = column_int64(column);
    const auto number = static_cast<std::uint64_t>(value);  // a negative one is too great
    if (number > greatest_stored_number || (number < least && !column_is_null(column)))
        throw wrong_number(fmt::format("{}: {}", db_->file(), sqlite3_column_name(handle(), column)),
                           std::to_string(value));
    return number;
}

double statement::column_double(int column) const {
    return sqlite3_column_double(handle(), column);
}

std::string_view statement::column_bytes(int column) const {
    // One access to the column for both; safe without the connection's mutex, because one thread uses it at a time.
    sqlite3_value* const value = sqlite3_column_value(handle(), column);
    const auto* const data = static_cast<const char*>(sqlite3_value_blob(value));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    return data == nullptr ? std::string_view{} : std::string_view{data, size};
}

bool statement::column_is_null(int column) const {
    return column_type(column) == SQLITE_NULL;
}

int statement::column_type(int column) const {
    return sqlite3_column_type(handle(), column);
}

int statement::column_count() const {
    return sqlite3_column_count(handle());
}

int statement::parameter_count() const {
    return sqlite3_bind_parameter_count(handle());
}

void connection::closer::operator()(sqlite3* db) const noexcept {
    if (!process.is_inherited()) sqlite3_close_v2(db);
}

namespace {

int flags_of(open_mode mode) {
    // With a cache that the application has let connections share, readers would keep the writer out.
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    switch (mode) {
        case open_mode::create: return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        case open_mode::write: return common | SQLITE_OPEN_READWRITE;
        case open_mode::read: return common | SQLITE_OPEN_READONLY;
        case open_mode::frozen: return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    }
    return common;
}

}  // namespace

std::string sqlite_name(open_mode mode, const std::string& file) {
    if (mode != open_mode::frozen) return file;
    std::string uri = "file://";
    for (const char c : std::filesystem::absolute(file).string()) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/';
        uri += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return uri + "?immutable=1";
}

connection::connection(const std::filesystem::path& file, open_mode mode, const connection_options& options)
    : file_(file.string()), busy_timeout_(options.busy_timeout) {
    watch_forks_of_sqlite();
    const bool is_file = options.vfs.empty() && file_ != ":memory:" && !file_.empty();
    // SQLite would follow a link, and wait for ever for who opens the other end of a fifo.
    for (const auto* const suffix : sqlite_suffixes)
        if (is_file) expect_regular_or_absent(file_ + suffix);
    const bool writes = mode == open_mode::create || mode == open_mode::write;
    if (writes && is_file) expect_writable(file_);
    if (mode == open_mode::create && is_file) make_empty_file(file, options.file_mode);
    // Others may be attached by a URI. An absolute name is none.
    const bool is_absolute = file_.starts_with('/');
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(sqlite_name(mode, file_).c_str(), &raw, flags_of(mode) | (is_absolute ? SQLITE_OPEN_URI : 0),
                        options.vfs.empty() ? nullptr : options.vfs.c_str());
    db_.reset(raw);
    if (code != SQLITE_OK) throw make_error(raw, code, file_, "open");
    // SQLite opens to read what it may not write. Nothing was made by then.
    if (writes && sqlite3_db_readonly(raw, "main") == 1) throw make_error(raw, SQLITE_READONLY, file_, "open to write");
    sqlite3_busy_timeout(raw, saturating_cast<std::chrono::duration<int, std::milli>>(options.busy_timeout).count());
    // Whatever the build of SQLite does by default.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_FKEY, 0, nullptr);
    // Two connections that checkpoint at the same instant can damage a file before SQLite 3.51.3.
    if (mode == open_mode::read || mode == open_mode::frozen)
        sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // Whatever the build of SQLite does by default: a mapped file that somebody shortens would end the process.
    if (sqlite3_int64 none = 0; mode == open_mode::frozen)
        sqlite3_file_control(raw, "main", SQLITE_FCNTL_MMAP_SIZE, &none);
    if (file_ == ":memory:") file_ = "a database in memory";  // in messages: nobody has given it a name
}

connection::~connection() = default;

void connection::execute(const std::string& sql) {
    expect_own_process();
    const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw make_error(handle(), code, file_, fmt::format("in '{}'", sql));
}

int connection::try_execute(const char* sql) noexcept {
    if (db_.get_deleter().process.is_inherited()) return SQLITE_MISUSE;
    return sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
}

std::int64_t connection::integer(std::string_view sql) {
    auto query = prepare(sql);
    return query.step() ? query.column_int64(0) : 0;
}

bool connection::has_table(std::string_view name) {
    auto query = prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    query.bind_text(1, name);
    return query.step();
}

bool connection::in_transaction() const noexcept {
    return sqlite3_get_autocommit(handle()) == 0;
}

std::int64_t connection::last_insert_rowid() const noexcept {
    return sqlite3_last_insert_rowid(handle());
}

std::int64_t connection::changes() const noexcept {
    return sqlite3_changes64(handle());
}

error connection::last_error(std::string_view doing) const {
    return make_error(handle(), sqlite3_errcode(handle()), file_, doing);
}

error connection::damage(std::string_view what) const {
    return {error_kind::corrupt, fmt::format("{}: {}; the file is damaged; restore a backup", file_, what)};
}

}  // namespace stele::inline v0::detail
