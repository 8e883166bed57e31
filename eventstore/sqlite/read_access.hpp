#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

namespace stele::inline v0::detail {

/// How the files of a store are read, and which files they are. A connection is used as long as the view is the same.
struct read_view {
    open_mode mode = open_mode::read;
    // Known only where the store was opened read-only; 0 means that there is no such file.
    dev_t device = 0;
    ino_t main = 0;
    ino_t log = 0;
    ino_t index = 0;  // FILE-shm
    // Of the main file, if it is read frozen: its size and the time of its last change in any way.
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;

    friend bool operator==(const read_view&, const read_view&) = default;
};

/// Opens the connections that read a store, and says whether what they have read can be relied on. Any thread.
class read_access {
public:
    explicit read_access(std::filesystem::path file, connection_options options)
        : file_(std::move(file)), options_(std::move(options)) {}
    read_access(const read_access&) = delete;
    read_access& operator=(const read_access&) = delete;
    virtual ~read_access() = default;

    /// How the store is read now.
    virtual read_view look() = 0;
    /// Opens a connection. Returns none if the view has changed.
    virtual std::unique_ptr<connection> open(const read_view& view) = 0;

    /// Calls `attempt` with the view until it returns true. Throws busy if that takes longer than the busy timeout.
    void repeat(const std::function<bool(const read_view&)>& attempt);
    /// Calls `read` and returns whether what it has read under `view` counts. Its exceptions pass through if so.
    bool settle(const read_view& view, const std::function<void()>& read);
    /// Calls `use` with a connection of its own, again until what it has read counts.
    void read(const std::function<void(connection&)>& use);

protected:
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] const connection_options& options() const { return options_; }

private:
    std::filesystem::path file_;
    connection_options options_;
};

/// That of a store which has a writer: SQLite keeps its readers apart from everybody's writes.
class access_beside_writer final : public read_access {
public:
    /// `identity` is that of the file that the writer has open, and must outlive this.
    access_beside_writer(std::filesystem::path file, connection_options options, const file_identity& identity)
        : read_access(std::move(file), std::move(options)), identity_(identity) {}

    read_view look() override { return {}; }
    std::unique_ptr<connection> open(const read_view& view) override;

private:
    const file_identity& identity_;
};

}  // namespace stele::inline v0::detail
