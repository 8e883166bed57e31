#include "testing/scenario_text.hpp"

#include <stele/testing/detail/scenario_fault.hpp>

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

namespace stele::inline v0::detail {

using google::protobuf::Message;

bool are_equal(const Message& a, const Message& b) {
    if (a.GetDescriptor() != b.GetDescriptor()) return false;
    google::protobuf::util::DefaultFieldComparator fields;
    fields.set_treat_nan_as_equal(true);
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_field_comparator(&fields);
    return differencer.Compare(a, b);
}

std::string title_of(std::source_location where, std::string_view subject) {
    return fmt::format("{}:{}: {}", where.file_name(), where.line(), subject);
}

std::string title_of(std::source_location where, const Message& subject) {
    return title_of(where, one_line(subject));
}

void throw_at(std::string_view title, const error& thrown) {
    throw error(thrown.kind(), fmt::format("{}: {}", title, thrown.what()));
}

std::string one_line(const Message& message) {
    return fmt::format("{} {{{}}}", message.GetDescriptor()->full_name(), message.ShortDebugString());
}

text_block split_lines(std::string_view text, std::string_view indent) {
    text_block lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(std::string{indent}.append(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

text_block show(const Message& event) {
    std::string fields;
    google::protobuf::TextFormat::PrintToString(event, &fields);
    text_block lines = split_lines(fields, "  ");
    lines.insert(lines.begin(), event.GetDescriptor()->full_name());
    return lines;
}

text_block show(const rejection& reason) {
    text_block lines = split_lines(reason.message, "  ");
    lines.insert(lines.begin(), "rejected: " + reason.code);
    return lines;
}

std::string side_by_side(std::vector<text_block> expected, std::vector<text_block> actual) {
    expected.insert(expected.begin(), {"expected"});
    actual.insert(actual.begin(), {"actual"});
    const auto blocks = std::max(expected.size(), actual.size());
    expected.resize(blocks);
    actual.resize(blocks);
    std::size_t width = 0;
    for (const text_block& lines : expected)
        for (const std::string& line : lines) width = std::max(width, line.size());

    std::string text;
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto height = std::max(expected[i].size(), actual[i].size());
        expected[i].resize(height);
        actual[i].resize(height);
        for (std::size_t line = 0; line < height; ++line) {
            const bool differs = i > 0 && expected[i][line] != actual[i][line];
            text += fmt::format("  {:<{}}  {}  {}", expected[i][line], width, differs ? '|' : ' ', actual[i][line]);
            text.erase(text.find_last_not_of(' ') + 1);
            text += '\n';
        }
    }
    return text;
}

}  // namespace stele::inline v0::detail
