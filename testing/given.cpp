#include "testing/scenario_text.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/testing/given.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace stele::inline v0::detail {

using google::protobuf::Message;

namespace {

// Copies of the events, without these fields.
message_list without(const message_list& events, const std::vector<std::string>& fields) {
    message_list copies;
    for (const auto& event : events) {
        std::unique_ptr<Message> copy{event->New()};
        copy->CopyFrom(*event);
        for (const auto& name : fields)
            if (const auto* field = copy->GetDescriptor()->FindFieldByName(name))
                copy->GetReflection()->ClearField(copy.get(), field);
        copies.push_back(std::move(copy));
    }
    return copies;
}

bool has_field(const message_list& events, const std::string& name) {
    return std::ranges::any_of(
        events, [&](const auto& event) { return event->GetDescriptor()->FindFieldByName(name) != nullptr; });
}

std::vector<text_block> show_all(const message_list& events) {
    if (events.empty()) return {{"accepted, no events"}};
    std::vector<text_block> blocks;
    for (const auto& event : events) blocks.push_back(show(*event));
    return blocks;
}

}  // namespace

given_events::given_events(std::string_view category, const event_table& events)
    : stream_(fmt::format("{}-given", category)), decoder_(events) {}

std::unique_ptr<const Message> given_events::add(const Message& event, void* state) {
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
    if (const auto parsed = parse_message(*decoded, data.payload); !parsed) throw std::logic_error(parsed.error());
    return decoded;
}

void given_history::add(const Message& event) {
    events_.push_back(encode(event));
}

void given_history::begin(const model_type& type, model_scope scope, const Message& command, void* state) {
    model_.emplace(type, scope, command, state);
    for (std::size_t i = 0; i < events_.size(); ++i) fold(i);
}

std::unique_ptr<const Message> given_history::decided(const Message& event) {
    add(event);
    fold(events_.size() - 1);
    std::unique_ptr<Message> decoded{event.New()};
    if (const auto parsed = parse_message(*decoded, events_.back().payload); !parsed)
        throw std::logic_error(parsed.error());
    return decoded;
}

void given_history::fold(std::size_t index) {
    model_->fold(as_recorded(events_[index], "given-1", {{index + 1}, {index + 1}}));
}

scenario_outcome::scenario_outcome(const Message& command, std::source_location where, any_decision decision,
                                   message_list events)
    : title_(title_of(where, one_line(command))), decision_(std::move(decision)), events_(std::move(events)) {}

void scenario_outcome::ignore(std::string_view field) {
    ignored_.emplace_back(field);
}

void scenario_outcome::expect_events(const message_list& all_expected) const {
    for (const auto& name : ignored_)
        if (!has_field(all_expected, name) && !has_field(events_, name))
            throw error(error_kind::invalid_argument,
                        fmt::format("{}: ignoring(\"{}\"): no event has a field of that name", title_, name));
    const auto expected = without(all_expected, ignored_);
    const auto decided = without(events_, ignored_);
    const auto equal = [](const auto& a, const auto& b) { return are_equal(*a, *b); };
    if (decision_.is_accepted() && std::ranges::equal(expected, decided, equal)) return;
    const auto actual =
        decision_.is_accepted() ? show_all(decided) : std::vector<text_block>{show(*decision_.rejection())};
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side(show_all(expected), actual)));
}

void scenario_outcome::expect_rejection(std::string_view code) const {
    const auto* rejected = decision_.rejection();
    if (rejected && rejected->code == code) return;
    const auto actual = rejected ? std::vector<text_block>{show(*rejected)} : show_all(events_);
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side({{"rejected: " + std::string{code}}}, actual)));
}

void scenario_outcome::expect_value(const Message& expected) const {
    const auto* value = decision_.value();
    if (value != nullptr && value->GetDescriptor() == expected.GetDescriptor() && are_equal(expected, *value)) return;
    const auto* rejected = decision_.rejection();
    const auto actual = rejected != nullptr ? show(*rejected)
                        : value != nullptr  ? show(*value)
                                            : text_block{"no value"};
    throw scenario_failed(fmt::format("{}\n{}", title_, side_by_side({show(expected)}, {actual})));
}

}  // namespace stele::inline v0::detail
