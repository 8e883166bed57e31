#pragma once

#include "eventstore/sqlite/files/main_file.hpp"
#include "eventstore/sqlite/upgrade/upgrade_watch.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace stele::inline v0::detail {

/// A store of format 1 that nobody else has open, and nobody can open, as long as this lives: not through this library,
/// of whatever version, nor through SQLite alone.
class old_store {
public:
    /// Waits for others who have it open or upgrade it, at most for the busy timeout. Null if it is no store of format
    /// 1 by then. Throws stele::error (busy), and as connection and file_lock do.
    static std::unique_ptr<old_store> take(const std::filesystem::path& file, const connection_options& options);

    [[nodiscard]] connection& db() { return *db_; }
    /// How many events it has.
    [[nodiscard]] std::uint64_t events() { return static_cast<std::uint64_t>(db().integer(count_of_events)); }

    /// Reads all of it, with its log, and compares what it says twice. Throws stele::error (corrupt) at the first thing
    /// that is wrong. Nothing is written.
    void check(upgrade_watch& watch);

    /// Moves the log into the main file and syncs it. Only after check().
    void move_log();

    /// Once the file has another name: hands over the connection, which keeps everybody out of it, and whose end leaves
    /// the log of the file that has the name now. This object must end soon, because nobody can open that one
    /// meanwhile.
    [[nodiscard]] std::unique_ptr<connection> release();

    /// Whether the name still means this file. Throws stele::error (io) if not.
    void expect_in_place() const;

private:
    old_store(const std::filesystem::path& file, const connection_options& options);
    /// False if somebody has it open.
    bool try_open(const std::filesystem::path& file, connection_options options);

    static constexpr const char* count_of_events = "SELECT count(*) FROM events";

    file_lock lock_;  // held until the connection has closed
    main_file main_;
    file_identity place_;
    std::unique_ptr<connection> db_;
};

}  // namespace stele::inline v0::detail
