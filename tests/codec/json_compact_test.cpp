// What is shown as JSON is JSON to everybody, on one line, and not changed otherwise.

#include "codec/json_compact.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using stele::detail::compact_json;

namespace {

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

/// Any value, and the blanks between its parts as `blank` gives them.
std::string any_value(int levels, const std::function<std::string()>& blank) {
    const auto kind = *rc::gen::inRange(0, levels > 0 ? 9 : 7);
    if (kind < 7)
        return *rc::gen::element<std::string>("null", "true", "false", "0", "-1.5e+10", "12345678901234567890123",
                                              R"("é \n \u00e9 \"")");
    const bool is_object = kind == 8;
    std::string all(1, is_object ? '{' : '[');
    const auto count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) {
        if (i > 0) all += blank() + ",";
        if (is_object) all += blank() + "\"a \"" + blank() + ":";
        all += blank() + any_value(levels - 1, blank);
    }
    return all + blank() + (is_object ? "}" : "]");
}

}  // namespace

TEST_CASE("JSON stays what it is, without its blanks") {
    CHECK(compact_json(" { \"a b\" : [ 1 , -2.50e+3,\t\"x \\u00e9 \\n\" ] ,\r\n\"a b\":null }\n") ==
          R"({"a b":[1,-2.50e+3,"x \u00e9 \n"],"a b":null})");
    for (const auto* same :
         {"null", "true", "false", "0", "-0", "10", "0.5", "1E9", "1e-9", "\"\"", "[]", "{}", "[[],{}]",
          "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"é漢😀\"", "123456789012345678901234567890.10"})
        CHECK(compact_json(same) == same);
    CHECK(compact_json(nested(100)) == nested(100));
}

TEST_CASE("what some readers take for JSON is none") {
    for (const auto* text : {"",
                             " ",
                             "nul",
                             "True",
                             "01",
                             "-",
                             "+1",
                             ".5",
                             "1.",
                             "1e",
                             "1e+",
                             "0x10",
                             "NaN",
                             "\"",
                             "\"\\\"",
                             "\"\\x\"",
                             "\"\\u12g4\"",
                             "\"\\u12\"",
                             "\"a\nb\"",
                             "\"\x01\"",
                             "'a'",
                             "[",
                             "[1",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{",
                             "{}}",
                             "{a:1}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "{\"a\" 1}",
                             "{1:2}",
                             "1 2",
                             "[]]",
                             "\"\xff\"",
                             "\xef\xbb\xbf[]",
                             "// a\n1"})
        CHECK_MESSAGE(!compact_json(text), text);
    CHECK_FALSE(compact_json(std::string("1\0", 2)));
    CHECK_FALSE(compact_json(nested(101 + 1)));
    CHECK_FALSE(compact_json(std::string(1'000'000, '[')));
}

TEST_CASE("blanks between the parts of JSON make no difference") {
    CHECK(rc::check("any JSON", [] {
        const auto size = *rc::gen::inRange(0, 5);
        std::string without;
        const auto with = any_value(size, [] { return *rc::gen::element<std::string>("", " ", "\n", "\t \r\n"); });
        const auto compact = compact_json(with);
        RC_ASSERT(compact.has_value());
        RC_ASSERT(compact_json(*compact) == compact);
        RC_ASSERT(compact->find('\n') == std::string::npos);
        // What ends early is none: only a number may be cut and stay one.
        const auto cut = compact->substr(0, compact->size() - 1);
        const bool is_number = compact->find_first_not_of("-+.0123456789eE") == std::string::npos;
        RC_ASSERT(is_number || !compact_json(cut));
    }));
}
