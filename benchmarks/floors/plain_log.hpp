#pragma once

#include "benchmarks/floors/plain_connection.hpp"
#include "benchmarks/workload.hpp"

#include <cstdint>
#include <filesystem>
#include <random>
#include <vector>

namespace bench {

/// How a plain log keeps its events.
enum class layout : std::uint8_t {
    /// As most people would: names as text, UNIQUE (stream, version), UNIQUE random ids.
    textbook,
    /// The columns of stele::sqlite_store, and no index but the primary key: the ceiling. It could neither read a
    /// stream nor see a conflict.
    ceiling,
};

/// A log of events as one would write it by hand, for one program that knows its streams and types by number and looks
/// for no conflict. One thread at a time; several may be open on one file.
class plain_log {
public:
    /// Makes the tables unless they are there.
    plain_log(const std::filesystem::path& file, layout kept_as, stele::durability durability);

    /// Stores the batch in a transaction of its own. Waits for other connections as long as it takes.
    void append(const batch& what);

private:
    void insert(const batch& what, std::size_t index, std::int64_t recorded_at);
    void insert_by_name(const batch& what, std::size_t index, std::int64_t recorded_at);
    void find_ids(const batch& what);

    layout layout_;
    plain_connection db_;
    plain_connection::prepared insert_, find_stream_, add_stream_, find_type_, add_type_;
    std::vector<std::int64_t> stream_ids_, type_ids_;  // by number; 0: not known yet
    std::mt19937_64 random_{7};
};

/// As above for the store: appends the batch.
inline void append(plain_log& log, const batch& what) {
    log.append(what);
}

}  // namespace bench
