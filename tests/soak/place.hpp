#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace soak {

/// What all processes of one soak share, in memory that is mapped from a file.
struct shared_state {
    std::atomic<std::int64_t> clock_ahead_us = 0;  ///< How far the clock of the stores is from the machine's.
    std::atomic<bool> is_over = false;             ///< Ends every process, in order.
};

/// The directory of a soak.
class place {
public:
    explicit place(std::filesystem::path directory);
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place();

    [[nodiscard]] const std::filesystem::path& path() const { return directory_; }
    [[nodiscard]] std::filesystem::path store() const { return directory_ / "events.db"; }
    [[nodiscard]] std::filesystem::path read_models() const { return directory_ / "read"; }
    [[nodiscard]] std::filesystem::path acknowledged() const { return directory_ / "acknowledged"; }
    [[nodiscard]] std::filesystem::path failures() const { return directory_ / "failures"; }

    [[nodiscard]] shared_state& shared() const { return *shared_; }
    /// Opens the store with the clock that jumps.
    [[nodiscard]] stele::sqlite_store open(stele::durability how = stele::durability::normal) const;
    /// Reports what must not happen. The soak fails at its end.
    void fail(std::string_view what) const;

private:
    std::filesystem::path directory_;
    shared_state* shared_;
};

/// An event that a writer was told is stored, as it stands in the file of all that were.
struct acknowledgement {
    char id[16];
    std::uint64_t position;
};

/// Each runs as a process until the soak is over, and is killed at any instant and started again before that.
void write(const place& here, std::uint64_t seed);
void follow(const place& here, std::uint64_t seed);
void project(const place& here, std::uint64_t seed);
void keep(const place& here, std::uint64_t seed);

/// Compares the store with everything that was acknowledged, and the read models with a fresh fold. Prints figures;
/// reports what is wrong to `here.fail`.
void check(const place& here);

}  // namespace soak
