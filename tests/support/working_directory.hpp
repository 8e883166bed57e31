#pragma once

#include <filesystem>

/// Returns to the working directory when the test ends. Declare it after the directory of the test.
struct working_directory {
    std::filesystem::path before = std::filesystem::current_path();

    working_directory() = default;
    working_directory(const working_directory&) = delete;
    working_directory& operator=(const working_directory&) = delete;
    ~working_directory() { std::filesystem::current_path(before); }
};
