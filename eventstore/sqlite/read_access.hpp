#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/open_files.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

namespace stele::inline v0::detail {

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
    /// Throws stele::error (io) if the name of the store means another file now, or none.
    virtual void expect_in_place() = 0;
    /// Whether it means another file, which may have the log of this one's connections: others write into it for that
    /// file, so nothing that was read counts.
    [[nodiscard]] virtual bool is_replaced() const noexcept = 0;

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
    /// `files` are those that the writer has open, and must outlive this.
    access_beside_writer(std::filesystem::path file, connection_options options, const open_files& files)
        : read_access(std::move(file), std::move(options)), files_(files) {}

    read_view look() override { return {}; }
    std::unique_ptr<connection> open(const read_view& view) override;
    void expect_in_place() override { files_.expect_same(); }
    [[nodiscard]] bool is_replaced() const noexcept override { return files_.is_log_of_another(); }

private:
    const open_files& files_;
};

}  // namespace stele::inline v0::detail
