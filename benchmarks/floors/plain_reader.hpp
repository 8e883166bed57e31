#pragma once

#include "benchmarks/floors/plain_connection.hpp"
#include "benchmarks/workload.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Reads a log as one would by hand. One thread at a time.
class plain_reader {
public:
    explicit plain_reader(const std::filesystem::path& file);

    /// Reads everything in the order of positions.
    digest read_all();
    /// Steps over everything and takes each value of each row, but does nothing with it. Returns how many events there
    /// were. The file may be one of stele::sqlite_store.
    std::uint64_t scan();
    /// Reads one stream, by the index over (stream, version).
    digest read_stream(const stele::stream_id& stream);

private:
    using prepared = plain_connection::prepared;

    std::string_view name_of(std::vector<std::string>& names, std::int64_t id, sqlite3_stmt* find);
    digest read(sqlite3_stmt* query, std::string_view stream);

    plain_connection db_;
    prepared read_all_, read_stream_, stream_name_, type_name_;
    std::vector<std::string> stream_names_, type_names_;  // by id; empty: not known yet
};

/// Copies the events of a store to a new file with the tables of file format 1, which had unique indexes over (stream,
/// version) and over ids: what plain SQL reads well.
void copy_as_format1(stele::event_store& store, const std::filesystem::path& to);

}  // namespace bench
