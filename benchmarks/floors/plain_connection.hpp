#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace bench {

/// SQLite's C interface as one would use it by hand, with the settings of stele::sqlite_store. It checks only whether
/// SQLite succeeded, and throws std::runtime_error if not. One thread at a time.
class plain_connection {
public:
    struct closer {
        void operator()(sqlite3* db) const noexcept;
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    using prepared = std::unique_ptr<sqlite3_stmt, closer>;

    /// Makes the file if there is none.
    plain_connection(const std::filesystem::path& file, stele::durability durability);

    void execute(const char* sql);
    prepared prepare(const char* sql);
    /// Runs a statement that returns no row.
    void run(sqlite3_stmt* statement);
    /// Throws the last error of the connection unless `good`.
    void check(bool good);
    /// Begins to write. Waits for other connections as long as it takes.
    void begin();
    void commit();
    /// The id of a name in "streams" or "types", which is added if it is missing; with the statements that do so.
    std::int64_t id_of(std::string_view name, sqlite3_stmt* find, sqlite3_stmt* add);
    /// Makes what follows faster, because nobody else looks and the file is thrown away if the process ends: everything
    /// until end_filling() is one transaction without a journal.
    void begin_filling();
    void end_filling();

private:
    std::unique_ptr<sqlite3, closer> db_;
    prepared begin_, commit_;
};

void bind_blob(sqlite3_stmt* statement, int parameter, std::string_view blob);
void bind_text(sqlite3_stmt* statement, int parameter, std::string_view text);
std::string_view bytes_of(sqlite3_stmt* statement, int column);
std::uint64_t number_of(sqlite3_stmt* statement, int column);

}  // namespace bench
