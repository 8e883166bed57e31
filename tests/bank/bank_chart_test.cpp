#include "bank/program/chart.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace bank;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

// Whether the tags of a document open and close in order and its attributes are quoted: the mistakes that the code of a
// chart can make.
bool is_well_formed(const std::string& xml) {
    std::vector<std::string> open;
    for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
        const auto end = xml.find('>', at);
        if (end == std::string::npos) return false;
        const auto tag = xml.substr(at + 1, end - at - 1);
        if (count(tag, "\"") % 2 != 0 || tag.find('<') != std::string::npos) return false;
        const auto name = tag.substr(0, tag.find_first_of(" /?", 1));
        if (tag.starts_with('?') || tag.ends_with('/')) continue;
        if (!tag.starts_with('/')) {
            open.push_back(name);
        } else if (open.empty() || open.back() != tag.substr(1)) {
            return false;
        } else {
            open.pop_back();
        }
    }
    return open.empty();
}

month_turnover month(const char* name, money credited, money debited) {
    return {.month = name, .transactions = 1, .credited = credited, .debited = debited};
}

}  // namespace

TEST_CASE("text is escaped for XML") {
    CHECK(xml_escape("R&D <\"it's\">") == "R&amp;D &lt;&quot;it&apos;s&quot;&gt;");
    CHECK(xml_escape("in\tout \x01 č") == "in\tout ? č");
}

TEST_CASE("an axis is divided by round numbers") {
    CHECK(axis_step(1, 5) == 1);
    CHECK(axis_step(10, 5) == 2);
    CHECK(axis_step(11, 5) == 5);
    CHECK(axis_step(26, 5) == 10);
    CHECK(axis_step(150'000'000, 5) == 50'000'000);
    CHECK(axis_step(std::numeric_limits<money>::max(), 5) == 2'000'000'000'000'000'000);
}

TEST_CASE("a chart has two bars for each month, inside the plot") {
    const auto svg = turnover_svg({month("1993-11", 1000, -250), month("1994-02", 500, 0)}, "Turnover <by> month");
    CHECK(is_well_formed(svg));
    CHECK(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\""));
    CHECK(count(svg, "Turnover &lt;by&gt; month") == 1);
    CHECK(count(svg, "<title>1993-11 in: 10.00</title>") == 1);
    CHECK(count(svg, "<title>1993-11 out: 2.50</title>") == 1);
    CHECK(count(svg, "<title>1994-02 in: 5.00</title>") == 1);
    CHECK(count(svg, "<title>") == 3);
    // Missing months keep their place. The axis ends at the largest amount, whose bar is as high as the plot.
    for (const auto* name : {">1993-11<", ">1993-12<", ">1994-01<", ">1994-02<"}) CHECK(count(svg, name) == 1);
    CHECK(count(svg, ">10.00</text>") == 1);
    CHECK(count(svg, "y=\"64.0\" width=\"73.2\" height=\"308.0\"") == 1);
}

TEST_CASE("a chart also works for many months, and for none") {
    std::vector<month_turnover> many;
    for (int i = 0; i < 120; ++i)
        many.push_back(month(("19" + std::to_string(90 + i / 12).substr(0, 2) + "-" + (i % 12 < 9 ? "0" : "") +
                              std::to_string(i % 12 + 1))
                                 .c_str(),
                             1'000'000'000 + i, -5));
    const auto svg = turnover_svg(many, "ten years");
    CHECK(is_well_formed(svg));
    CHECK(count(svg, "<title>") == 240);
    // As many names as fit without touching.
    CHECK(count(svg, "middle\">199") <= 14);
    CHECK(count(svg, "middle\">199") >= 10);
    CHECK(is_well_formed(turnover_svg({}, "nothing")));
}
