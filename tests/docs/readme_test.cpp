// What README shows is what the sample says and prints.

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string content(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    REQUIRE_MESSAGE(!text.str().empty(), file << " is not there");
    return text.str();
}

// The fenced block that follows the line in which `mark` stands.
std::string block_after(const std::string& readme, const std::string& mark) {
    const auto at = readme.find(mark);
    REQUIRE_MESSAGE(at != std::string::npos, "README has no '" << mark << "'");
    const auto fence = readme.find("```", at);
    const auto begin = readme.find('\n', fence) + 1;
    return readme.substr(begin, readme.find("```", begin) - begin);
}

}  // namespace

TEST_CASE("the example in README is the sample, and prints what README says") {
    const auto readme = content(std::filesystem::path(STELE_SOURCE) / "README.md");
    CHECK(block_after(readme, "<!-- samples/quickstart/main.cpp") ==
          content(std::filesystem::path(STELE_SOURCE) / "samples/quickstart/main.cpp"));

    const temp_dir directory;
    const auto command = "cd '" + directory.path.string() + "' && '" STELE_QUICKSTART "' > output.txt";
    REQUIRE(std::system(command.c_str()) == 0);
    CHECK(block_after(readme, "<!-- samples/quickstart output") == content(directory / "output.txt"));
}
