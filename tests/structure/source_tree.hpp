#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// One #include of a source.
struct include_line {
    std::size_t line = 0;  // 1-based
    std::string what;      // what stands between the <> or the ""
};

/// A source as the rules see it.
struct source_file {
    std::string path;  // below the root of the project, with forward slashes
    std::size_t lines = 0;
    std::vector<include_line> includes;
};

/// Reads the includes of `text`; one in a // comment does not count.
source_file parse_source(std::string path, std::string_view text);

/// All .hpp and .cpp files of the project below `root`, sorted by path: the library, tests, samples, benchmarks, docs.
std::vector<source_file> read_sources(const std::filesystem::path& root);

/// The path of every file below `root`, sorted, except what a build or an editor leaves there.
std::vector<std::string> list_files(const std::filesystem::path& root);
