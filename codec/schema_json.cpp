#include "codec/schema_record.hpp"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <ranges>

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

[[noreturn]] void throw_undecodable(const recorded_event& event, std::string_view why) {
    throw error(error_kind::undecodable,
                fmt::format("The event of type \"{}\" at position {} (stream \"{}\", version {}) cannot be shown: {}.",
                            event.type, event.position.value, event.stream, event.version.value, why));
}

}  // namespace

struct recorded_schemas::state {
    explicit state(event_store& store) : schemas(detail::read_recorded_schemas(store)) {}

    /// Reads the event by the newest version that knows all its fields; by the newest of all if none does.
    [[nodiscard]] std::unique_ptr<Message> read(const recorded_event& event) const {
        const auto versions = schemas.find(event.type);
        if (versions == schemas.end())
            throw_undecodable(event, "its schema was never recorded; call stele::record_schemas with a consumer of it");
        std::unique_ptr<Message> newest;
        for (const auto& schema : versions->second | std::views::reverse) {
            std::unique_ptr<Message> message{factory.GetPrototype(schema.message)->New()};
            if (!detail::parse_message(*message, event.payload)) continue;
            if (!has_unknown_fields(*message)) return message;
            if (!newest) newest = std::move(message);
        }
        if (!newest)
            throw_undecodable(event, fmt::format("its {} bytes do not parse as a {}", event.payload.size(),
                                                 versions->second.back().message->full_name()));
        return newest;
    }

    detail::recorded_schema_map schemas;
    mutable google::protobuf::DynamicMessageFactory factory;  // thread-safe; its messages refer to the schemas
};

recorded_schemas::recorded_schemas(event_store& store) : state_("this recorded_schemas", std::make_unique<state>(store)) {}
recorded_schemas::recorded_schemas(recorded_schemas&&) noexcept = default;
recorded_schemas& recorded_schemas::operator=(recorded_schemas&&) noexcept = default;
recorded_schemas::~recorded_schemas() = default;

std::string recorded_schemas::to_json(const recorded_event& event) const {
    const auto message = state_->read(event);
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(*message, &json, options);
    if (!status.ok()) throw_undecodable(event, status.ToString());
    return json;
}

}  // namespace stele::inline v0
