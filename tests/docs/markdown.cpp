#include "docs/markdown.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace markdown {

namespace {

using lines = std::vector<std::string>;

lines lines_of(std::string_view text) {
    lines found;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        found.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

// As GitHub and GitLab make it: lower case, spaces to dashes, no punctuation; letters beyond ASCII stay.
std::string anchor_of(std::string_view heading) {
    std::string anchor;
    for (const char each : heading) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte >= 'A' && byte <= 'Z')
            anchor += static_cast<char>(each - 'A' + 'a');
        else if (each == ' ')
            anchor += '-';
        else if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || each == '-' || each == '_' ||
                 byte > 127)
            anchor += each;
    }
    return anchor;
}

void add_links(std::string line, std::size_t number, std::vector<link>& links) {
    static const std::regex code{"`[^`]*`"};
    static const std::regex link_in_text{R"(\]\(([^)\s#]*)(#([^)\s]*))?\))"};
    line = std::regex_replace(line, code, "");
    for (std::sregex_iterator each(line.begin(), line.end(), link_in_text); each != std::sregex_iterator(); ++each) {
        const auto& found = *each;
        if (found[1].str().find(':') == std::string::npos) links.push_back({number, found[1], found[3]});
    }
}

void add_heading(const std::string& line, std::map<std::string, int>& seen, std::set<std::string>& anchors) {
    static const std::regex heading{R"(#{1,6} +(.*?)\s*)"};
    static const std::regex link_in_text{R"(\[([^\]]*)\]\([^)]*\))"};
    std::smatch match;
    if (!std::regex_match(line, match, heading)) return;
    const auto anchor = anchor_of(std::regex_replace(match[1].str(), link_in_text, "$1"));
    const int before = seen[anchor]++;
    anchors.insert(before == 0 ? anchor : anchor + "-" + std::to_string(before));
}

std::string trimmed(std::string_view line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return std::string(line.substr(begin, line.find_last_not_of(" \t") - begin + 1));
}

}  // namespace

page parse(std::string_view text) {
    static const std::regex marker{R"(\s*<!-- (snippet|file|output): (\S+) -->\s*)"};
    page found;
    std::map<std::string, int> headings;
    std::string above;
    bool inside = false;
    std::size_t number = 0;
    for (const auto& line : lines_of(text)) {
        ++number;
        const auto start = trimmed(line);
        if (start.starts_with("```")) {
            if (!inside) {
                auto& opened = found.blocks.emplace_back(block{number, start.substr(3), {}, {}, {}});
                std::smatch match;
                if (std::regex_match(above, match, marker)) {
                    opened.kind = match[1];
                    opened.source = match[2];
                }
            }
            inside = !inside;
        } else if (inside) {
            found.blocks.back().text += line + '\n';
        } else {
            add_links(line, number, found.links);
            add_heading(line, headings, found.anchors);
        }
        above = line;
    }
    return found;
}

std::string part_of(std::string_view source, std::string_view name) {
    static const std::regex mark{R"(\s*(?://|#) \[(/?)([\w-]+)\]\s*)"};
    lines found;
    bool inside = name.empty();
    for (const auto& line : lines_of(source)) {
        std::smatch match;
        if (!std::regex_match(line, match, mark)) {
            if (inside) found.push_back(line);
        } else if (match[2].str() == name) {
            inside = match[1].length() == 0;
        }
    }
    while (!found.empty() && found.back().empty()) found.pop_back();
    auto indent = std::string::npos;
    for (const auto& line : found) indent = std::min(indent, line.find_first_not_of(' '));
    std::string text;
    for (const auto& line : found) text += (line.empty() ? line : line.substr(indent)) + '\n';
    return text;
}

bool shows(std::string_view output, std::string_view shown) {
    const auto printed = lines_of(output);
    auto at = printed.begin();
    lines chunk;
    const auto take_chunk = [&] {
        if (chunk.empty()) return true;
        const auto found = std::search(at, printed.end(), chunk.begin(), chunk.end());
        if (found == printed.end()) return false;
        at = found + static_cast<std::ptrdiff_t>(chunk.size());
        chunk.clear();
        return true;
    };
    for (const auto& line : lines_of(shown)) {
        if (trimmed(line) != "…")
            chunk.push_back(line);
        else if (!take_chunk())
            return false;
    }
    return take_chunk();
}

}  // namespace markdown
