#include "structure/source_tree.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fs = std::filesystem;

namespace {

// The text between the <> or "" of an include line; empty for any other line.
std::string included_by(std::string_view line) {
    const auto skip_spaces = [&line] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
    skip_spaces();
    if (!line.starts_with('#')) return {};
    line.remove_prefix(1);
    skip_spaces();
    if (!line.starts_with("include")) return {};
    line.remove_prefix(7);
    skip_spaces();
    if (line.empty() || (line.front() != '<' && line.front() != '"')) return {};
    const auto end = line.find(line.front() == '<' ? '>' : '"', 1);
    return end == std::string_view::npos ? std::string{} : std::string(line.substr(1, end - 1));
}

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

bool is_source(std::string_view path) {
    return path.ends_with(".hpp") || path.ends_with(".cpp");
}

}  // namespace

source_file parse_source(std::string path, std::string_view text) {
    source_file source{std::move(path), 0, {}};
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        ++source.lines;
        if (auto what = included_by(text.substr(0, end)); !what.empty())
            source.includes.push_back({source.lines, std::move(what)});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return source;
}

std::vector<source_file> read_sources(const fs::path& root) {
    std::vector<source_file> sources;
    for (const auto& path : list_files(root))
        if (is_source(path)) sources.push_back(parse_source(path, content(root / path)));
    return sources;
}

std::vector<std::string> list_files(const fs::path& root) {
    std::vector<std::string> files;
    for (auto each = fs::recursive_directory_iterator(root); each != fs::recursive_directory_iterator(); ++each) {
        const auto name = each->path().filename().string();
        // Builds, and hidden folders such as .git; .ci is the only hidden folder of the project and holds no sources.
        if (each->is_directory() && (name.starts_with('.') || (each.depth() == 0 && name.starts_with("build"))))
            each.disable_recursion_pending();
        else if (each->is_regular_file())
            files.push_back(fs::relative(each->path(), root).generic_string());
    }
    std::ranges::sort(files);
    return files;
}
