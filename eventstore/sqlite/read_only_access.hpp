#pragma once

#include "eventstore/sqlite/read_access.hpp"

#include <stele/eventstore/sqlite/detail/file_lock.hpp>

#include <memory>
#include <mutex>
#include <optional>

namespace stele::inline v0::detail {

/// That of a store which was opened read-only. It makes no file, whatever the rights of the process are: one that
/// SQLite makes for a reader belongs to the reader, and those who write could then not use it.
///
/// While something is in the log, SQLite reads both by FILE-shm, and those who write respect its locks. Otherwise
/// everything is in the main file, which SQLite reads without locks, as one that does not change (frozen). Before and
/// after each such read it is made sure that this was so: nothing gets into the main file but by the log, and each
/// write to it changes the time of its last change.
class read_only_access final : public read_access {
public:
    /// Throws as sqlite_store::open_read_only() if the file is no store.
    read_only_access(std::filesystem::path file, connection_options options);

    read_view look() override;
    std::unique_ptr<connection> open(const read_view& view) override;
    void expect_in_place() override;
    [[nodiscard]] bool is_replaced() const noexcept override;

private:
    void check_log(connection& db, const read_view& view);
    [[nodiscard]] bool is_noted() const;
    bool mark_open();

    std::string name_;
    std::optional<read_view> first_;
    std::mutex mutex_;
    read_view checked_;  // for which the log was found to belong to the main file
    std::unique_ptr<file_lock> mark_;
};

}  // namespace stele::inline v0::detail
