// What README and the tutorial show is what the quickstart says and prints.

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

using lines = std::vector<std::string>;

lines lines_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    REQUIRE_MESSAGE(in.is_open(), file << " is not there");
    lines result;
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
}

// The lines between `// [name]` and `// [/name]` (or all of the file), without such marks, dedented.
std::string part_of(const std::filesystem::path& file, const std::string& name) {
    static const std::regex mark{R"( *(?://|#) \[(/?)(\w+)\])"};
    lines found;
    bool inside = name.empty();
    for (const auto& line : lines_of(file)) {
        std::smatch match;
        if (!std::regex_match(line, match, mark)) {
            if (inside) found.push_back(line);
        } else if (match[2] == name) {
            inside = match[1].length() == 0;
        }
    }
    REQUIRE_MESSAGE(!found.empty(), file << " has no part " << name);
    while (found.back().empty()) found.pop_back();
    std::size_t indent = found.front().find_first_not_of(' ');
    std::string text;
    for (const auto& line : found) text += (line.empty() ? line : line.substr(indent)) + '\n';
    return text;
}

struct block {
    std::string kind;    // of the marker: snippet, file, output
    std::string source;  // what it names
    std::string text;
};

// The fenced blocks that have a marker in the line above. A block of C++ without one is a failure.
std::vector<block> blocks_of(const std::filesystem::path& file) {
    static const std::regex marker{R"(<!-- (snippet|file|output): (\S+) -->)"};
    std::vector<block> found;
    block* open = nullptr;
    std::string above;
    bool fenced = false;
    for (const auto& line : lines_of(file)) {
        if (line.starts_with("```")) {
            std::smatch match;
            open = nullptr;
            if (!fenced && std::regex_match(above, match, marker))
                open = &found.emplace_back(block{match[1], match[2], {}});
            else if (!fenced)
                CHECK_MESSAGE(line != "```cpp", file << ": a block of C++ without a marker");
            fenced = !fenced;
        } else if (open) {
            open->text += line + '\n';
        }
        above = line;
    }
    return found;
}

std::string output_of_quickstart() {
    const temp_dir directory;
    const auto command = "cd '" + directory.path.string() + "' && '" STELE_QUICKSTART "' > output.txt";
    REQUIRE(std::system(command.c_str()) == 0);
    return part_of(directory / "output.txt", {});
}

}  // namespace

TEST_CASE("the code in README and in the tutorial is that of the quickstart, and prints what they say") {
    const std::filesystem::path root = STELE_SOURCE;
    const auto output = output_of_quickstart();
    for (const auto* page : {"README.md", "docs/getting-started.md"}) {
        const auto blocks = blocks_of(root / page);
        CHECK(blocks.size() >= 4);
        for (const auto& [kind, source, text] : blocks) {
            CAPTURE(page);
            CAPTURE(source);
            const auto hash = source.find('#');
            if (kind == "output")
                CHECK_MESSAGE(output.contains(text), "it prints\n" << output << "and not\n" << text);
            else
                CHECK(text ==
                      part_of(root / source.substr(0, hash), hash == std::string::npos ? "" : source.substr(hash + 1)));
        }
    }
}
