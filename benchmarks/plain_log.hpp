#pragma once

#include "benchmarks/workload.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace bench {

/// The floor: a log of events as one would write it by hand with SQLite's C interface, for one program that knows its
/// streams and types by number. The statements and the settings are those of stele::sqlite_store, the tables too, as
/// make_store made them. It does less: it checks only whether SQLite succeeded, and keeps no list of the blocks that a
/// filtered read needs. One thread at a time.
class plain_log {
public:
    plain_log(const std::filesystem::path& file, stele::durability durability);

    /// Stores the batch in a transaction of its own. Waits for other connections as long as it takes.
    void append(const batch& what);

    /// For filling: a transaction around many inserts.
    void begin();
    void insert(const batch& what);
    void commit();
    void execute(const char* sql);

    /// Reads everything in the order of positions.
    digest read_all();
    /// Steps over everything and takes each value of each row, but does nothing with it. Returns how many events there
    /// were.
    std::uint64_t scan();
    /// Reads one stream.
    digest read_stream(const stele::stream_id& stream);

private:
    struct closer {
        void operator()(sqlite3* db) const noexcept;
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    using prepared = std::unique_ptr<sqlite3_stmt, closer>;

    prepared prepare(const char* sql);
    void run(sqlite3_stmt* statement);
    void check(bool good);
    std::int64_t id_of(std::string_view name, sqlite3_stmt* find, sqlite3_stmt* add);
    std::string_view name_of(std::vector<std::string>& names, std::int64_t id, sqlite3_stmt* find);
    digest read(sqlite3_stmt* query, std::string_view stream);

    std::unique_ptr<sqlite3, closer> db_;
    prepared begin_, commit_, insert_, find_stream_, add_stream_, find_type_, add_type_;
    prepared read_all_, read_stream_, stream_name_, type_name_;
    std::vector<std::int64_t> stream_ids_, type_ids_;     // by number; 0: not known yet
    std::vector<std::string> stream_names_, type_names_;  // by id; empty: not known yet
};

/// Makes an empty store file with the library itself, so that both sides have the same tables.
void make_store(const std::filesystem::path& file);

/// As above for the store: appends the batch.
inline void append(plain_log& log, const batch& what) {
    log.append(what);
}

/// Makes a store file with so many events in each of so many streams, and returns the workload that goes on from there.
/// The streams grow together, in an order that is different in each round, so that the events of a stream are scattered
/// over the file as in real life.
workload make_filled_store(const std::filesystem::path& file, std::size_t streams, std::size_t events_each);

}  // namespace bench
