#include "eventstore/retention/archive_line.hpp"

#include "stele_archive.pb.h"

#include <stele/eventstore/detail/quiet_protobuf.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Message;
using google::protobuf::util::TimeUtil;

constexpr std::string_view before_sum = ",\"sum\":\"";
constexpr std::string_view after_sum = "\"}\n";
constexpr std::size_t sum_digits = 8;
constexpr std::size_t sealed_bytes = before_sum.size() + sum_digits + after_sum.size();

std::string print(const Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string json;
    if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok())
        throw error(error_kind::invalid_argument, "an event cannot be written as JSON");
    return json;
}

bool parse(std::string_view json, Message& message) {
    const quiet_protobuf quiet;
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    return google::protobuf::util::JsonStringToMessage(google::protobuf::StringPiece(json.data(), json.size()),
                                                       &message, options)
        .ok();
}

void set_time(v1::ArchivedEvent& line, timestamp time) {
    const auto microseconds = time.time_since_epoch().count();
    if (time >= timestamp{std::chrono::seconds{TimeUtil::kTimestampMinSeconds}} &&
        time < timestamp{std::chrono::seconds{TimeUtil::kTimestampMaxSeconds}})
        *line.mutable_recorded_at() = TimeUtil::MicrosecondsToTimestamp(microseconds);
    else
        line.set_recorded_at_us(microseconds);
}

timestamp time_of(const v1::ArchivedEvent& line) {
    return timestamp{timestamp::duration{line.has_recorded_at() ? TimeUtil::TimestampToMicroseconds(line.recorded_at())
                                                                : line.recorded_at_us()}};
}

bool is_same(const recorded_event& event, const recorded_event& other) {
    return event.position == other.position && event.version == other.version &&
           event.recorded_at == other.recorded_at && event.id == other.id && event.stream == other.stream &&
           event.type == other.type && event.payload == other.payload && event.metadata == other.metadata &&
           event.content == other.content && event.foreign_metadata == other.foreign_metadata &&
           event.tags == other.tags && event.added_tags == other.added_tags;
}

// Whether the event can be had from the line again.
bool leads_back(const std::string& line, const recorded_event& event) {
    const auto read = read_line(line);
    return read && is_same(event, read->view());
}

}  // namespace

std::string seal_line(std::string object, archive_sum& sum) {
    object.pop_back();  // the brace
    sum.add(object);
    const auto end = fmt::format("{}{:08x}{}", before_sum, sum.value(), after_sum);
    sum.add(end);
    return object + end;
}

bool check_line(std::string_view line, archive_sum& sum) {
    if (line.size() < sealed_bytes) return false;
    const auto content = line.substr(0, line.size() - sealed_bytes);
    sum.add(content);
    const bool is_right = line.substr(content.size()) == fmt::format("{}{:08x}{}", before_sum, sum.value(), after_sum);
    sum.add(line.substr(content.size()));
    return is_right;
}

std::string header_of(const uuid& archive) {
    v1::ArchiveHeader header;
    header.set_stele_archive(1);
    header.set_id(archive.str());
    return print(header);
}

std::size_t count_of_header(std::string_view text) {
    // Any digit may stand for the zeros of the id and of the sum.
    constexpr std::string_view digit = "0123456789abcdef";
    const auto shape = header_of(uuid{});
    const auto id = shape.find(uuid{}.str());
    archive_sum sum;
    const auto line = seal_line(shape, sum);
    const auto sum_at = line.size() - after_sum.size() - sum_digits;
    std::size_t count = 0;
    for (; count < std::min(text.size(), line.size()); ++count) {
        const bool is_digit = (count >= id && count < shape.size() - 2 && line[count] == '0') ||
                              (count >= sum_at && count < sum_at + sum_digits);
        if (is_digit ? !digit.contains(text[count]) : text[count] != line[count]) break;
    }
    return count;
}

std::optional<uuid> read_header(std::string_view line, const std::string& file) {
    v1::ArchiveHeader header;
    if (!line.starts_with(archive_beginning) || !parse(line, header)) return {};
    if (header.stele_archive() != 1)
        throw error(error_kind::newer_format,
                    fmt::format("{}: is an archive of format {}, and this version of Stele knows format 1; it was left "
                                "untouched; use the version that wrote it",
                                file, header.stele_archive()));
    return uuid::parse(header.id());
}

std::string line_of(const recorded_event& event, const std::string& json) {
    v1::ArchivedEvent fields;
    fields.set_position(event.position.value);
    fields.set_stream(std::string{event.stream});
    fields.set_version(event.version.value);
    fields.set_type(std::string{event.type});
    set_time(fields, event.recorded_at);
    fields.set_id(event.id.str());
    fields.set_payload_bytes(std::string{event.payload});
    fields.set_metadata_bytes(std::string{event.metadata});
    fields.set_content(std::to_underlying(event.content));
    fields.set_foreign_metadata(event.foreign_metadata);
    for (const auto tag : event.tags) fields.add_tags(std::string{tag});
    for (const auto tag : event.added_tags) fields.add_added_tags(std::string{tag});
    auto line = print(fields);
    if (json.starts_with('{') && json.ends_with('}') && json.find_first_of("\n\r") == std::string::npos) {
        auto with_json = line;
        with_json.pop_back();
        with_json += ",\"payload\":" + json + "}";
        if (leads_back(with_json, event)) return with_json;
    }
    // Before anything is removed from the store.
    if (!leads_back(line, event))
        throw error(error_kind::corrupt,
                    fmt::format("the event at position {} cannot be archived: its line does not lead back to it; it "
                                "stays in the store; restore a backup if the store is damaged",
                                event.position.value));
    return line;
}

std::optional<owned_event> read_line(std::string_view line) {
    v1::ArchivedEvent fields;
    if (!parse(line, fields)) return {};
    const auto id = uuid::parse(fields.id());
    const auto is_number = [](std::uint64_t value) { return value > 0 && value <= greatest_stored_number; };
    if (!id || !is_number(fields.position()) || !is_number(fields.version()) || fields.stream().empty() ||
        fields.type().empty() || fields.content() > std::to_underlying(event_content::octets))
        return {};
    owned_event event;
    event.position = {fields.position()};
    event.version = {fields.version()};
    event.recorded_at = time_of(fields);
    event.id = *id;
    event.stream = std::move(*fields.mutable_stream());
    event.type = std::move(*fields.mutable_type());
    event.payload = std::move(*fields.mutable_payload_bytes());
    event.metadata = std::move(*fields.mutable_metadata_bytes());
    event.content = static_cast<event_content>(fields.content());
    event.foreign_metadata = fields.foreign_metadata();
    try {
        for (const auto& tag : fields.tags()) event.tags.add(tag);
        for (const auto& tag : fields.added_tags()) event.added_tags.add(tag);
    } catch (const error&) {
        return {};
    }
    return event;
}

}  // namespace stele::inline v0::detail
