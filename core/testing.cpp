#include <stele/testing.hpp>

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

namespace stele::detail {
namespace {

using google::protobuf::Message;

/// Some lines of text; the unit that is set beside another.
using block = std::vector<std::string>;

bool are_equal(const Message& a, const Message& b) {
    if (a.GetDescriptor() != b.GetDescriptor()) return false;
    google::protobuf::util::DefaultFieldComparator fields;
    fields.set_treat_nan_as_equal(true);
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_field_comparator(&fields);
    return differencer.Compare(a, b);
}

std::string one_line(const Message& message) {
    return fmt::format("{} {{{}}}", message.GetDescriptor()->full_name(), message.ShortDebugString());
}

block split_lines(std::string_view text, std::string_view indent) {
    block lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(std::string{indent}.append(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

block show(const Message& event) {
    std::string fields;
    google::protobuf::TextFormat::PrintToString(event, &fields);
    block lines = split_lines(fields, "  ");
    lines.insert(lines.begin(), event.GetDescriptor()->full_name());
    return lines;
}

std::vector<block> show_all(const message_list& events) {
    if (events.empty()) return {{"accepted, no events"}};
    std::vector<block> blocks;
    for (const auto& event : events) blocks.push_back(show(*event));
    return blocks;
}

std::vector<block> show(const rejection& why) {
    block lines = split_lines(why.message, "  ");
    lines.insert(lines.begin(), "rejected: " + why.code);
    return {lines};
}

/// Sets the n-th expected block beside the n-th actual one, and marks the lines that differ.
std::string side_by_side(std::vector<block> expected, std::vector<block> actual) {
    expected.insert(expected.begin(), {"expected"});
    actual.insert(actual.begin(), {"actual"});
    const auto blocks = std::max(expected.size(), actual.size());
    expected.resize(blocks);
    actual.resize(blocks);
    std::size_t width = 0;
    for (const block& lines : expected)
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

}  // namespace

scenario_history::scenario_history(std::string_view category, const event_table& events)
    : stream_(fmt::format("{}-given", category)), decoder_(events) {}

std::unique_ptr<const Message> scenario_history::add(const Message& event, void* state) {
    const event_data data = encode(event);
    ++version_;
    decoder_.decode({.position = {version_},
                     .version = {version_},
                     .recorded_at = {},
                     .id = data.id,
                     .stream = stream_,
                     .type = data.type,
                     .payload = data.payload,
                     .metadata = data.metadata},
                    state);
    std::unique_ptr<Message> decoded{event.New()};
    decoded->ParseFromString(data.payload);
    return decoded;
}

scenario_outcome::scenario_outcome(const Message& command, std::source_location where, any_decision decision,
                                   message_list events)
    : title_(fmt::format("{}:{}: {}", where.file_name(), where.line(), one_line(command))),
      decision_(std::move(decision)),
      events_(std::move(events)) {}

void scenario_outcome::expect_events(const message_list& expected) const {
    const auto equal = [](const auto& a, const auto& b) { return are_equal(*a, *b); };
    if (decision_.is_accepted() && std::ranges::equal(expected, events_, equal)) return;
    const auto actual = decision_.is_accepted() ? show_all(events_) : show(*decision_.rejection());
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side(show_all(expected), actual)));
}

void scenario_outcome::expect_rejection(std::string_view code) const {
    const auto* why = decision_.rejection();
    if (why && why->code == code) return;
    const auto actual = why ? show(*why) : show_all(events_);
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side({{"rejected: " + std::string{code}}}, actual)));
}

}  // namespace stele::detail
