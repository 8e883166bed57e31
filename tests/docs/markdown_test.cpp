// How pages are read, on small ones.

#include "docs/markdown.hpp"

#include <doctest/doctest.h>

using markdown::parse;
using markdown::part_of;
using markdown::shows;

TEST_CASE("a block has the marker of the line above, and only that") {
    const auto page = parse(
        "<!-- snippet: a.cpp#one -->\n```cpp\nint a;\n\n```\n<!-- output: b -->\n\n```text\nx\n```\n"
        "- item\n  ```sh\n  ls\n  ```\n");
    REQUIRE(page.blocks.size() == 3);
    CHECK(page.blocks[0].line == 2);
    CHECK(page.blocks[0].language == "cpp");
    CHECK(page.blocks[0].kind == "snippet");
    CHECK(page.blocks[0].source == "a.cpp#one");
    CHECK(page.blocks[0].text == "int a;\n\n");
    CHECK(page.blocks[1].kind.empty());
    CHECK(page.blocks[2].language == "sh");
}

TEST_CASE("links into the project are found, others and those in code are not") {
    const auto page = parse(
        "[a](docs/a.md#one), [b](#two)\n`[c](c.md)` [d](https://d.org/#x) [e](mailto:e@f.org)\n"
        "```\n[f](f.md)\n```\n![g](g.png)");
    REQUIRE(page.links.size() == 3);
    CHECK(page.links[0].target == "docs/a.md");
    CHECK(page.links[0].anchor == "one");
    CHECK(page.links[1].target.empty());
    CHECK(page.links[1].anchor == "two");
    CHECK(page.links[2].target == "g.png");
    CHECK(page.links[2].line == 6);
}

TEST_CASE("anchors are those that a forge makes of headings") {
    const auto page =
        parse("# Stele: the `design`\n## What, then?\n## What, then?\n### [A](b) & größer\n```\n# no\n```\n");
    CHECK(page.anchors == std::set<std::string>{"stele-the-design", "what-then", "what-then-1", "a--größer"});
}

TEST_CASE("a part of a source is taken by its name, dedented and without marks") {
    const auto* source = "a\n    // [one]\n    b\n    // [two]\n      c\n    // [/two]\n\n    // [/one]\nd\n";
    CHECK(part_of(source, "one") == "b\n  c\n");
    CHECK(part_of(source, "two") == "c\n");
    CHECK(part_of(source, "three").empty());
    CHECK(part_of("# [x]\nadd()\n# [/x]\n", "x") == "add()\n");
    CHECK(part_of("// [x]\n\na\n", "") == "\na\n");
}

TEST_CASE("an output shows consecutive lines, and … skips some") {
    CHECK(shows("a\nb\nc\nd\n", "b\nc\n"));
    CHECK(shows("a\nb\nc\nd\n", "a\n…\nd\n"));
    CHECK(shows("a\nb\n", "  …\nb\n…\n"));
    CHECK_FALSE(shows("a\nb\nc\n", "a\nc\n"));
    CHECK_FALSE(shows("a\nb\n", "b\n…\na\n"));
    CHECK_FALSE(shows("ab\n", "a\n"));
}
