// The floors of the library and the measures of its files, checked over the sources themselves.

#include "structure/rules.hpp"

#include <doctest/doctest.h>

#include <filesystem>

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
