// What the pages show is what the sources say and what their programs print; every link leads somewhere.

#include "docs/markdown.hpp"
#include "structure/source_tree.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

namespace fs = std::filesystem;

namespace {

const fs::path root = STELE_SOURCE;

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    REQUIRE_MESSAGE(in.is_open(), file << " is not there");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> pages() {
    auto files = list_files(root);
    std::erase_if(files, [](const std::string& file) { return !file.ends_with(".md"); });
    REQUIRE(std::ranges::count(files, "README.md") == 1);
    return files;
}

// The programs whose outputs pages may show: what a marker calls them, and where they are. From tests/CMakeLists.txt.
std::map<std::string, fs::path> programs() {
    std::map<std::string, fs::path> found;
    std::ifstream in(STELE_PROGRAMS);
    for (std::string name, path; std::getline(in, name, '=') && std::getline(in, path);) found.emplace(name, path);
    REQUIRE(found.contains("samples/quickstart"));
    return found;
}

// What the program prints when it runs in an empty directory. It must succeed.
const std::string& output_of(const fs::path& program) {
    static std::map<fs::path, std::string> known;
    const auto [at, first] = known.try_emplace(program);
    if (first) {
        const temp_dir directory;
        const temp_dir output;
        const auto file = output / "output.txt";
        const auto command =
            "cd '" + directory.path.string() + "' && '" + program.string() + "' > '" + file.string() + "'";
        CHECK_MESSAGE(std::system(command.c_str()) == 0, program << " fails");
        at->second = content(file);
    }
    return at->second;
}

// Empty if the block is what its marker says.
std::string difference(const markdown::block& shown) {
    if (shown.kind == "output") {
        const auto all = programs();
        const auto program = all.find(shown.source);
        if (program == all.end())
            return "no program is called " + shown.source + "; a program of docs/snippets is needed";
        const auto& output = output_of(program->second);
        return markdown::shows(output, shown.text) ? "" : shown.source + " prints something else:\n" + output;
    }
    const auto hash = std::min(shown.source.find('#'), shown.source.size());
    const auto file = shown.source.substr(0, hash);
    const auto name = shown.source.substr(std::min(hash + 1, shown.source.size()));
    if (!fs::exists(root / file)) return file + " does not exist";
    const auto part = markdown::part_of(content(root / file), name);
    if (part.empty()) return file + " has no part [" + name + "]";
    return part == shown.text ? "" : shown.source + " says something else; copy it:\n" + part;
}

}  // namespace

TEST_CASE("the blocks of README and docs are what their markers say, and C++ has a marker") {
    for (const auto& path : pages()) {
        if (path != "README.md" && !path.starts_with("docs/")) continue;
        for (const auto& each : markdown::parse(content(root / path)).blocks) {
            const auto at = path + ":" + std::to_string(each.line) + ": ";
            if (each.kind.empty())
                CHECK_MESSAGE(each.language != "cpp", at << "C++ without a marker is not compiled; put the code into "
                                                            "docs/snippets and <!-- snippet: FILE#NAME --> above it");
            else if (const auto wrong = difference(each); !wrong.empty())
                FAIL_CHECK(at << wrong);
        }
    }
}

TEST_CASE("every program of the docs runs, whether its output is shown or not") {
    for (const auto& [name, program] : programs()) {
        INFO(name);
        output_of(program);
    }
}

TEST_CASE("every relative link of every page leads to a file, and every anchor to a heading") {
    for (const auto& path : pages()) {
        const auto page = markdown::parse(content(root / path));
        for (const auto& each : page.links) {
            const auto at = path + ":" + std::to_string(each.line) + ": ";
            const auto to = each.target.empty() ? root / path : (root / path).parent_path() / each.target;
            CHECK_MESSAGE(fs::exists(to), at << each.target << " does not exist");
            if (each.anchor.empty() || to.extension() != ".md" || !fs::exists(to)) continue;
            CHECK_MESSAGE(markdown::parse(content(to)).anchors.contains(each.anchor),
                          at << each.target << " has no heading #" << each.anchor);
        }
    }
}

TEST_CASE("the pages that sources name exist") {
    static const std::regex name{R"((docs/[\w/-]+\.md)(#([\w-]+))?)"};
    for (const auto& source : list_files(root)) {
        if (!source.ends_with(".hpp") && !source.ends_with(".cpp") && !source.ends_with(".proto")) continue;
        if (source.starts_with("tests/docs/")) continue;
        const auto text = content(root / source);
        for (std::sregex_iterator each(text.begin(), text.end(), name); each != std::sregex_iterator(); ++each) {
            const auto page = root / (*each)[1].str();
            CHECK_MESSAGE(fs::exists(page), source << " names " << each->str() << ", which does not exist");
            if ((*each)[3].matched && fs::exists(page))
                CHECK_MESSAGE(markdown::parse(content(page)).anchors.contains((*each)[3]),
                              source << " names " << each->str() << ", which has no such heading");
        }
    }
}
