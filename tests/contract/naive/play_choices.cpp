// What is chosen at random.

#include "contract/naive/play.hpp"

#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

using stele::expected_version;

play::opener play::any_reader() {
    if (stage_.in_memory) return opener::first;
    // A store that only reads needs a file.
    const bool has_file = std::filesystem::exists(directory_ / file_);
    return has_file && random() % 3 == 0 ? opener::reader : any_writer();
}

// A number in use, or beside one, or at an end.
std::uint64_t play::near(std::uint64_t last) {
    switch (random() % 6) {
        case 0: return 0;
        case 1: return (stele::version::max)().value;
        default: return random() % (last + 3);
    }
}

std::string play::any_stream() {
    // The first ones are chosen most often, so that some grow long.
    return stream_names[std::min(random() % std::size(stream_names), random() % std::size(stream_names))];
}

expected_version play::any_expectation(const std::string& stream) {
    const auto version = naive_.stream_version(stream);
    switch (random() % 10) {
        case 0: return expected_version::no_stream();
        case 1: return expected_version::stream_exists();
        case 2: return expected_version::exactly({random() % (version.value + 2)});
        case 3: return expected_version::any().nothing_removed_after({random() % (version.value + 2)});
        case 4:
        case 5: return expected_version::exactly(version);
        default: return expected_version::any();
    }
}

// Never the same one twice, but for some on purpose.
stele::uuid play::next_id() {
    if (!naive_.events().empty() && random() % 30 == 0) {
        const auto& event = naive_.events()[random() % naive_.events().size()];
        if (!event.is_record) return event.data.id;
    }
    stele::uuid id;
    ++last_id_;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(last_id_ >> (56 - 8 * i));
    id.bytes[0] = 0x40;
    if (ids_ == id_order::random || (ids_ == id_order::mostly_ascending && random() % 5 == 0))
        for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(random());
    // The greatest so far, unless a random one is greater.
    if (ids_ != id_order::random && id.bytes[0] > 0x40) id.bytes[0] = 0x3F;
    return id;
}

std::vector<stele::event_data> play::any_events() {
    std::vector<stele::event_data> events;
    const auto count = 1 + (random() % 4 == 0 ? random() % 12 : random() % 3);
    while (events.size() < count) {
        stele::event_data event{.id = next_id(), .type = event_type_names[random() % std::size(event_type_names)]};
        if (std::ranges::count(events, event.id, &stele::event_data::id) > 0) continue;
        event.payload = fmt::format("payload{}", last_id_);
        if (random() % 3 == 0)
            event.metadata = encode(stele::metadata{.correlation_id = random() % 2 == 0 ? "one" : "two"});
        for (auto n = random() % 4; n > 1; --n) event.tags.add(any_tag());
        events.push_back(std::move(event));
    }
    return events;
}

stele::event_query play::any_query() {
    stele::event_query query;
    for (auto n = random() % 3; n > 0; --n) switch (random() % 8) {
            case 0: query.categories.emplace_back(random() % 2 == 0 ? "order" : "stele"); break;
            case 1: query.stream_prefixes.emplace_back(random() % 2 == 0 ? "order-1" : "or"); break;
            case 2: query.streams.push_back(any_stream()); break;
            case 3: query.types.emplace_back(event_type_names[random() % std::size(event_type_names)]); break;
            case 4: query.correlation_id = "one"; break;
            case 5: query.tags.add(any_tag()); break;
            case 6: query.any_of = {{.tags = {any_tag()}}, {.types = {"test.A"}, .tags = {any_tag()}}}; break;
            default: query.system_events = false; break;
        }
    return query;
}

std::string play::any_tag() {
    return event_tag_names[random() % std::size(event_tag_names)];
}

std::vector<stele::append_condition> play::any_conditions(const std::vector<stele::stream_write>& writes) {
    std::vector<stele::append_condition> conditions;
    if (random() % 3 == 0)
        conditions.emplace_back(stele::no_event{any_query(), {random() % (naive_.events().size() + 1)}});
    if (random() % 3 == 0) conditions.emplace_back(stele::no_event{{.tags = {any_tag()}}, {naive_.events().size()}});
    if (const auto stream = any_stream(); random() % 5 == 0 && std::ranges::none_of(writes, [&](const auto& each) {
                                              return each.stream.str() == stream;
                                          }))
        conditions.emplace_back(stele::stream_expectation{stele::stream_id{stream}, any_expectation(stream)});
    if (random() % 5 == 0) {
        const auto value = random() % 3;
        conditions.emplace_back(
            stele::document_expectation{"test", random() % 2 == 0 ? "one" : "two",
                                        value == 0 ? std::nullopt : std::optional{std::to_string(value)}});
    }
    std::ranges::shuffle(conditions, random_);
    return conditions;
}

std::vector<stele::document_write> play::any_documents() {
    using enum stele::document_action;
    std::vector<stele::document_write> documents;
    for (const auto* const key : {"one", "two"}) {
        if (random() % 5 != 0) continue;
        const auto action = random() % 3;
        documents.push_back({.kind = "test",
                             .key = key,
                             .value = std::to_string(1 + random() % 2),
                             .action = action == 0   ? put
                                       : action == 1 ? add
                                                     : remove});
    }
    return documents;
}
