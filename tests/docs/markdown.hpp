#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace markdown {

/// A fenced block. `kind` (snippet, file, output) and `source` come from the marker in the line above the fence:
/// <!-- kind: source -->. Both are empty without one.
struct block {
    std::size_t line = 0;  // of the opening fence, 1-based
    std::string language;  // what follows the fence: cpp, text, …
    std::string kind;
    std::string source;
    std::string text;  // each line with its newline
};

/// A link to something in this project: [text](target#anchor).
struct link {
    std::size_t line = 0;
    std::string target;  // a relative path; empty for an anchor of the same page
    std::string anchor;
};

/// A page, read for what a test can check.
struct page {
    std::vector<block> blocks;
    std::vector<link> links;        // none to other sites, none inside blocks or `code`
    std::set<std::string> anchors;  // of its headings, as forges make them
};

page parse(std::string_view text);

/// The lines between `// [name]` and `// [/name]` (or `# [name]`) of a source, or all without a name; without such
/// marks, and without the indentation that all lines share. Empty when there is no such part.
std::string part_of(std::string_view source, std::string_view name);

/// Whether `output` has the lines of `shown`, one after the other. A line of … alone stands for any number of lines.
bool shows(std::string_view output, std::string_view shown);

}  // namespace markdown
