#include "benchmarks/floors/plain_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <stdexcept>

namespace bench {

void plain_connection::closer::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}

void plain_connection::closer::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

plain_connection::plain_connection(const std::filesystem::path& file, stele::durability durability) {
    sqlite3* db = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(file.c_str(), &db, flags, nullptr);
    db_.reset(db);
    check(code == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000");
    execute(durability == stele::durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
}

void plain_connection::check(bool good) {
    if (!good) throw std::runtime_error(fmt::format("plain SQLite: {}", sqlite3_errmsg(db_.get())));
}

plain_connection::prepared plain_connection::prepare(const char* sql) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK);
    return prepared{made};
}

void plain_connection::execute(const char* sql) {
    check(sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

void plain_connection::run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
}

void plain_connection::begin() {
    // With many connections SQLite gives some of them no turn for the whole busy timeout.
    int code = SQLITE_BUSY;
    while (code == SQLITE_BUSY) {
        code = sqlite3_step(begin_.get());
        sqlite3_reset(begin_.get());
    }
    check(code == SQLITE_DONE);
}

void plain_connection::commit() {
    run(commit_.get());
}

std::int64_t plain_connection::id_of(std::string_view name, sqlite3_stmt* find, sqlite3_stmt* add) {
    for (auto* const statement : {find, add}) bind_text(statement, 1, name);
    const std::int64_t found = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    if (found != 0) return found;
    run(add);
    return sqlite3_last_insert_rowid(db_.get());
}

void plain_connection::begin_filling() {
    // A cache for the leaves of the indexes, too: nothing is written twice.
    execute("PRAGMA journal_mode = OFF; PRAGMA cache_size = -256000");
    begin();
}

void plain_connection::end_filling() {
    commit();
    execute("PRAGMA journal_mode = WAL");
}

void bind_blob(sqlite3_stmt* statement, int parameter, std::string_view blob) {
    sqlite3_bind_blob64(statement, parameter, blob.data(), blob.size(), SQLITE_STATIC);
}

void bind_text(sqlite3_stmt* statement, int parameter, std::string_view text) {
    sqlite3_bind_text64(statement, parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string_view bytes_of(sqlite3_stmt* statement, int column) {
    const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

std::uint64_t number_of(sqlite3_stmt* statement, int column) {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
}

}  // namespace bench
