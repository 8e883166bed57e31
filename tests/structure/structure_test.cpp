// The floors of the library and the measures of its files, checked over the sources themselves.

#include "structure/rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

namespace {

const std::filesystem::path root = STELE_SOURCE;

void check_none(const breaches& found) {
    for (const auto& each : found) FAIL_CHECK(each);
}

}  // namespace

TEST_CASE("the sources keep to the floors, to their size and to their places") {
    const auto sources = read_sources(root);
    REQUIRE(sources.size() > 200);
    check_none(upward_includes(sources));
    check_none(foreign_private_headers(sources));
    check_none(leaked_headers(sources));
    check_none(stray_umbrellas(sources));
    check_none(incomplete_umbrellas(sources));
    check_none(long_files(sources));
    check_none(full_folders(list_files(root)));
}

TEST_CASE("a duration or a time that the library is given may have any unit") {
    const std::regex declaration{
        R"(^[^/]*\b((std::chrono::(\w*seconds|minutes|hours|sys_\w+(<.*>)?|time_point<.*>)|timestamp::duration|timestamp))"
        R"(|std::function<(timestamp|std::chrono::\w+)\(.*\)>) \w+( =|[,;){]))"};
    // Results, what an engine is given, and what has been converted before.
    constexpr std::array<std::string_view, 9> given_by_library{
        " lag_time{",    "do_wait_for_append(", "do_position_at(", " delay = ",        " due = ",
        " recorded_at{", " written_at;",        " failed_at = ",   " expect_deadline("};
    const auto is_excepted = [&](const std::string& line) {
        return std::ranges::any_of(given_by_library, [&](auto part) { return line.contains(part); });
    };
    for (const auto& source : read_sources(root)) {
        if (!source.path.starts_with("include/stele/") || source.path.contains("/detail/")) continue;
        std::ifstream text(root / source.path);
        for (std::string line; std::getline(text, line);)
            if (std::regex_search(line, declaration) && !is_excepted(line))
                FAIL_CHECK(source.path << ": \"" << line << "\" takes one unit only; take a detail::saturated of it");
    }
}
