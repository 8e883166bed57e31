// What the pages about the code name is in the code.

#include "structure/source_tree.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

const std::filesystem::path root = STELE_SOURCE;

std::string content(const std::string& file) {
    std::ifstream in(root / file, std::ios::binary);
    REQUIRE_MESSAGE(in.is_open(), file << " is not there");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> matches(const std::string& text, const std::regex& what) {
    std::vector<std::string> found;
    for (std::sregex_iterator each(text.begin(), text.end(), what), end; each != end; ++each)
        found.push_back((*each)[1]);
    return found;
}

// Every name that stands in a source.
std::set<std::string> names_in_code() {
    static const std::regex name{R"(([A-Za-z_]\w*))"};
    std::set<std::string> names;
    for (const auto& source : read_sources(root))
        if (!source.path.starts_with("docs/") && !source.path.starts_with("samples/"))
            for (auto& each : matches(content(source.path), name)) names.insert(std::move(each));
    return names;
}

}  // namespace

TEST_CASE("every function, class and file that the pages about the code name is there") {
    static const std::regex code{"`((?:stele::)?[a-z_:]+)(?:\\([^`]*\\))?`"};
    static const std::regex part{"([a-z_]+)"};
    static const std::regex path{R"(`([a-z]+(?:/[a-z_]+)*/[a-z_]*(?:\.[a-z]+)?)`)"};
    const auto known = names_in_code();
    for (const std::string page : {"docs/architecture.md", "docs/adding-a-store.md"}) {
        const auto text = content(page);
        std::size_t count = 0;
        for (const auto& each : matches(text, code)) {
            if (each.find_first_of("_:") == std::string::npos) continue;  // perhaps a word, not a name
            for (const auto& name : matches(each, part)) CHECK_MESSAGE(known.contains(name), page << ": " << each);
            ++count;
        }
        for (const auto& each : matches(text, path)) {
            const bool is_there = std::filesystem::exists(root / each) ||
                                  std::filesystem::exists(root / "projections" / each) ||
                                  std::filesystem::exists(root / "eventstore" / each);
            CHECK_MESSAGE(is_there, page << ": " << each);
            ++count;
        }
        CHECK(count > 20);
    }
}
