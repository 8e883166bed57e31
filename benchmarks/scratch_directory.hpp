#pragma once

#include <stele/eventstore/uuid.hpp>

#include <filesystem>
#include <system_error>

namespace bench {

/// A directory of its own, removed with everything in it.
class scratch_directory {
public:
    explicit scratch_directory(const std::filesystem::path& parent)
        : path_(parent / ("stele-bench-" + stele::uuid::v7().str())) {
        std::filesystem::create_directory(path_);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace bench
