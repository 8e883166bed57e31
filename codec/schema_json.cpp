#include "codec/json_compact.hpp"
#include "codec/schema_record.hpp"

#include <stele/codec/detail/json_text.hpp>
#include <stele/codec/schema.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace stele::inline v0 {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Whether the message, or one that it holds, was written with fields that its schema does not have.
bool has_unknown_fields(const Message& message) {
    const auto& reflection = *message.GetReflection();
    if (!reflection.GetUnknownFields(message).empty()) return true;
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    return std::ranges::any_of(fields, [&](const FieldDescriptor* field) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return false;
        if (!field->is_repeated()) return has_unknown_fields(reflection.GetMessage(message, field));
        for (int i = 0; i < reflection.FieldSize(message, field); ++i)
            if (has_unknown_fields(reflection.GetRepeatedMessage(message, field, i))) return true;
        return false;
    });
}

/// The message of an event, or why there is none.
using shown_message = std::expected<std::unique_ptr<Message>, std::string>;

/// A JSON object, member by member.
class object {
public:
    object& add(std::string_view name, std::string_view json) {
        members_ += fmt::format("{}{}:{}", members_.empty() ? "" : ",", detail::json_of_text(name), json);
        return *this;
    }
    object& add_text(std::string_view name, std::string_view text) { return add(name, detail::json_of_text(text)); }
    object& add_number(std::string_view name, std::uint64_t number) { return add(name, fmt::format("\"{}\"", number)); }
    [[nodiscard]] std::string json() const { return "{" + members_ + "}"; }

private:
    std::string members_;
};

std::string json_of(timestamp time, const detail::message_reader& reader) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    google::protobuf::Timestamp message;
    message.set_seconds(seconds.time_since_epoch().count());
    message.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - seconds).count()));
    return detail::json_of(message, reader);
}

/// What somebody else wrote: as JSON if it is, else its bytes.
std::string json_of_foreign(std::string_view bytes) {
    return detail::compact_json(bytes).value_or(detail::json_of_bytes(bytes));
}

void add_metadata(object& line, const recorded_event& event) {
    if (event.foreign_metadata) {
        line.add("foreign_metadata", json_of_foreign(event.metadata));
        return;
    }
    metadata known;
    try {
        known = decode_metadata(event);
    } catch (const error&) {
        line.add("metadata_bytes", detail::json_of_bytes(event.metadata));
        return;
    }
    object all;
    if (!known.correlation_id.empty()) all.add_text("correlation_id", known.correlation_id);
    if (!known.causation_id.empty()) all.add_text("causation_id", known.causation_id);
    if (!known.actor.empty()) all.add_text("actor", known.actor);
    object headers;
    for (const auto& [name, text] : known.headers) headers.add_text(name, text);
    if (!known.headers.empty()) all.add("headers", headers.json());
    line.add("metadata", all.json());
}

void add_tags(object& line, tags_view tags) {
    if (tags.empty()) return;
    std::vector<std::string> all;
    for (const auto tag : tags) all.push_back(detail::json_of_text(tag));
    line.add("tags", fmt::format("[{}]", fmt::join(all, ",")));
}

}  // namespace

struct recorded_schemas::state {
    explicit state(event_store& store) : schemas(detail::read_recorded_schemas(store)) {}

    /// Reads bytes by the newest version that knows all their fields; by the newest of all if none does. Null: by none.
    [[nodiscard]] std::unique_ptr<Message> read_recorded(const std::vector<detail::recorded_schema>& versions,
                                                         std::string_view bytes) const {
        std::unique_ptr<Message> newest;
        for (const auto& schema : versions | std::views::reverse) {
            std::unique_ptr<Message> message{factory.GetPrototype(schema.message)->New()};
            if (!detail::parse_message(*message, bytes)) continue;
            if (!has_unknown_fields(*message)) return message;
            if (!newest) newest = std::move(message);
        }
        return newest;
    }

    /// The message of an event. A foreign event has none, and only JSON that is none is a problem (not empty).
    [[nodiscard]] shown_message read(const recorded_event& event) const {
        if (event.content == event_content::message) return read(event.type, event.payload);
        if (event.content == event_content::json && !detail::compact_json(event.payload))
            return std::unexpected(fmt::format("its {} bytes were stored as JSON and are none", event.payload.size()));
        return std::unexpected(std::string{});
    }

    [[nodiscard]] shown_message read(std::string_view type, std::string_view bytes) const {
        const auto versions = schemas.find(type);
        auto message = versions != schemas.end() ? read_recorded(versions->second, bytes)
                                                 : detail::read_known_message(type, bytes);
        if (message) return message;
        if (versions == schemas.end() && !detail::is_known_message(type))
            return std::unexpected(
                "its schema was not recorded (stele::record_schemas), and its message is not part of this program");
        return std::unexpected(fmt::format("its {} bytes do not parse as its message", bytes.size()));
    }

    [[nodiscard]] std::string json_of(const Message& message) const { return detail::json_of(message, reader); }

    [[nodiscard]] std::string json_of(const recorded_event& event, const shown_message& message) const {
        if (message) return json_of(**message);
        switch (event.content) {
            case event_content::message: return detail::json_of_unknown(event.type, event.payload);
            case event_content::json: return json_of_foreign(event.payload);
            case event_content::octets: return detail::json_of_bytes(event.payload);
        }
        std::unreachable();
    }

    detail::recorded_schema_map schemas;
    mutable google::protobuf::DynamicMessageFactory factory;  // thread-safe; its messages refer to the schemas
    detail::message_reader reader = [this](std::string_view type, std::string_view bytes) {
        return read(type, bytes).value_or(nullptr);
    };
};

recorded_schemas::recorded_schemas(event_store& store)
    : state_("this recorded_schemas", std::make_unique<state>(store)) {}
recorded_schemas::recorded_schemas(recorded_schemas&&) noexcept = default;
recorded_schemas& recorded_schemas::operator=(recorded_schemas&&) noexcept = default;
recorded_schemas::~recorded_schemas() = default;

std::string recorded_schemas::to_json(const recorded_event& event) const {
    return state_->json_of(event, state_->read(event));
}

std::string recorded_schemas::line(const recorded_event& event, detail::delivered_messages* upcast,
                                   std::initializer_list<const detail::event_table*> consumers) const {
    const auto message = state_->read(event);
    std::string problem = message ? "" : message.error();
    object line;
    line.add_number("position", event.position.value)
        .add_text("stream", event.stream)
        .add_number("version", event.version.value)
        .add_text("type", event.type)
        .add("recorded_at", json_of(event.recorded_at, state_->reader));
    if (const auto time = occurred_at(event); time != event.recorded_at)
        line.add("occurred_at", json_of(time, state_->reader));
    line.add_text("id", event.id.str());
    add_metadata(line, event);
    add_tags(line, event.tags);
    if (event.content != event_content::message)
        line.add_text("content", event.content == event_content::json ? "json" : "octets");
    line.add("payload", state_->json_of(event, message));
    if (upcast != nullptr) {
        std::string all;
        try {
            for (const auto* consumer : consumers)
                if (detail::event_decoder{*consumer}.decode_if_known(event, upcast)) break;
            for (const auto& each : *upcast)
                all += (all.empty() ? "" : ",") + object{}
                                                      .add_text("type", each->GetDescriptor()->full_name())
                                                      .add("payload", state_->json_of(*each))
                                                      .json();
        } catch (const std::exception& fault) {
            if (problem.empty()) problem = fault.what();
        } catch (...) {
            problem = "an upcaster threw something that is not a std::exception";
        }
        line.add("upcast", "[" + all + "]");
    }
    if (!problem.empty()) line.add_text("problem", problem);
    return line.json();
}

}  // namespace stele::inline v0
