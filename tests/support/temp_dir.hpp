#pragma once

#include <stele/eventstore/uuid.hpp>

#include <filesystem>
#include <string>
#include <system_error>

/// A new directory for one test, removed with everything in it.
struct temp_dir {
    std::filesystem::path path;

    temp_dir() : temp_dir(std::filesystem::temp_directory_path()) {}
    explicit temp_dir(const std::filesystem::path& parent) : path(parent / ("stele-test-" + stele::uuid::v7().str())) {
        std::filesystem::create_directories(path);
    }
    temp_dir(const temp_dir&) = delete;
    temp_dir& operator=(const temp_dir&) = delete;
    ~temp_dir() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    std::filesystem::path operator/(const std::filesystem::path& name) const { return path / name; }
};
