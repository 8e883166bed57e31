// The code that README and docs show is code that compiles, and what they say it prints, it prints.

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using lines = std::vector<std::string>;

const std::filesystem::path root = STELE_SOURCE;

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

// The lines of a page that are in no block.
lines prose_of(const std::filesystem::path& page) {
    lines found;
    bool fenced = false;
    for (const auto& line : lines_of(page)) {
        if (line.starts_with("```"))
            fenced = !fenced;
        else if (!fenced)
            found.push_back(line);
    }
    return found;
}

// The names under which the forges link to the headings of a page: lower case, '-' for blanks, without punctuation.
std::set<std::string> anchors_of(const std::filesystem::path& page) {
    std::set<std::string> anchors;
    for (const auto& line : prose_of(page)) {
        if (!line.starts_with('#')) continue;
        std::string anchor;
        for (const char c : line.substr(line.find_first_not_of("# "))) {
            const auto byte = static_cast<unsigned char>(c);
            if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80)
                anchor += static_cast<char>(std::tolower(byte));
            else if (c == ' ')
                anchor += '-';
        }
        anchors.insert(anchor);
    }
    return anchors;
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

// What a program prints in an empty directory.
lines output_of(const std::string& program) {
    const temp_dir directory;
    const auto command = "cd '" + directory.path.string() + "' && '" + program + "' > output.txt";
    REQUIRE_MESSAGE(std::system(command.c_str()) == 0, program);
    return lines_of(directory / "output.txt");
}

// The program that a marker names.
std::string program_of(const std::string& source) {
    if (source == "samples/quickstart") return STELE_QUICKSTART;
    return std::string(STELE_SNIPPETS "/") + std::filesystem::path(source).filename().string();
}

// Whether the lines of a block stand in the output, one after the other; a line with … stands for any number of lines.
bool shows(const lines& output, const std::string& block) {
    lines wanted;
    std::stringstream in(block);
    for (std::string line; std::getline(in, line);) wanted.push_back(line);
    auto next = output.begin();
    for (auto begin = wanted.begin(); begin != wanted.end();) {
        const auto end = std::find(begin, wanted.end(), "…");
        const auto found = std::search(next, output.end(), begin, end);
        if (found == output.end() && begin != end) return false;
        next = found + (end - begin);
        begin = end == wanted.end() ? end : end + 1;
    }
    return true;
}

std::string joined(const lines& all) {
    std::string text;
    for (const auto& line : all) text += line + '\n';
    return text;
}

std::vector<std::filesystem::path> pages() {
    std::vector<std::filesystem::path> all{"README.md"};
    for (const auto& entry : std::filesystem::directory_iterator(root / "docs"))
        if (entry.path().extension() == ".md") all.push_back("docs" / entry.path().filename());
    std::ranges::sort(all);
    return all;
}

}  // namespace

TEST_CASE("the code in README and docs is that of programs, which print what the pages say") {
    std::map<std::string, lines> outputs;
    for (const auto& entry : std::filesystem::directory_iterator(root / "docs/snippets"))
        if (entry.path().extension() == ".cpp")
            outputs["docs/snippets/" + entry.path().stem().string()] = output_of(program_of(entry.path().stem()));
    outputs["samples/quickstart"] = output_of(program_of("samples/quickstart"));

    std::size_t blocks = 0;
    for (const auto& page : pages()) {
        for (const auto& [kind, source, text] : blocks_of(root / page)) {
            ++blocks;
            CAPTURE(page);
            CAPTURE(source);
            const auto hash = source.find('#');
            if (kind == "output") {
                REQUIRE(outputs.contains(source));
                const auto& output = outputs.at(source);
                CHECK_MESSAGE(shows(output, text), "it prints\n" << joined(output) << "and not\n" << text);
            } else {
                const auto name = hash == std::string::npos ? "" : source.substr(hash + 1);
                CHECK(text == part_of(root / source.substr(0, hash), name));
            }
        }
    }
    CHECK(blocks >= 20);
}

TEST_CASE("links between the pages lead to pages and headings that are there") {
    static const std::regex link{R"(\]\(([^)#: ]*)(#[^) ]*)?\))"};
    for (const auto& page : pages()) {
        for (const auto& line : prose_of(root / page)) {
            for (std::sregex_iterator found(line.begin(), line.end(), link), end; found != end; ++found) {
                const auto target = (*found)[1].length() == 0 ? page : page.parent_path() / (*found)[1].str();
                const auto heading = (*found)[2].str();
                CAPTURE(page);
                CAPTURE(line);
                WARN_MESSAGE(std::filesystem::exists(root / target), target << " is not there");
                if (!heading.empty() && std::filesystem::exists(root / target))
                    CHECK_MESSAGE(anchors_of(root / target).contains(heading.substr(1)),
                                  target << " has no heading " << heading);
            }
        }
    }
}
