#include "codec/json_fields.hpp"

#include <fmt/format.h>
#include <google/protobuf/wrappers.pb.h>

#include <map>
#include <vector>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Messages are parsed to 100 levels, but each Any begins to count anew.
constexpr int deepest_any = 100;

/// Whether JSON has a form of its own for this message, other than that of its fields.
bool has_own_form(const Descriptor& type) {
    return type.well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
}

void add(std::string& list, const std::string& element) {
    if (!list.empty()) list += ',';
    list += element;
}

template <class Wrapper, class Number>
std::string number(Number value) {
    Wrapper wrapper;
    wrapper.set_value(value);
    return json_by_protobuf(wrapper).value_or("null");
}

/// In messages of ours, a command is kept as its type and its bytes.
const FieldDescriptor* type_of_command(const FieldDescriptor& field) {
    const Descriptor& type = *field.containing_type();
    if (field.type() != FieldDescriptor::TYPE_BYTES || field.name() != "command" ||
        type.file()->package() != "stele.v1" || field.is_repeated())
        return nullptr;
    const auto* name = type.FindFieldByName("type");
    const bool is_text = name != nullptr && name->type() == FieldDescriptor::TYPE_STRING && !name->is_repeated();
    return is_text ? name : nullptr;
}

}  // namespace

std::string json_fields::of(const Message& message) {
    const auto& type = *message.GetDescriptor();
    if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) return any(message);
    if (has_own_form(type))
        if (auto json = json_by_protobuf(message)) return *std::move(json);
    return "{" + members_of(message) + "}";
}

std::string json_fields::members_of(const Message& message) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    std::string members;
    ++levels_;
    for (const auto* field : fields) {
        const auto name = field->is_extension() ? "[" + field->full_name() + "]" : field->name();
        add(members, fmt::format("\"{}\":{}", name, member(message, *field)));
    }
    --levels_;
    return members;
}

std::string json_fields::member(const Message& message, const FieldDescriptor& field) {
    if (field.is_map()) return map(message, field);
    if (!field.is_repeated()) return value({message, field});
    std::string elements;
    for (int i = 0, size = message.GetReflection()->FieldSize(message, &field); i < size; ++i)
        add(elements, value({message, field, i}));
    return "[" + elements + "]";
}

std::string json_fields::map(const Message& message, const FieldDescriptor& field) {
    std::map<std::string, std::string> sorted;
    for (int i = 0, size = message.GetReflection()->FieldSize(message, &field); i < size; ++i) {
        const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
        auto key = value({entry, *entry.GetDescriptor()->map_key()});
        if (!key.starts_with('"')) key = "\"" + key + "\"";
        sorted.insert_or_assign(std::move(key), value({entry, *entry.GetDescriptor()->map_value()}));
    }
    std::string members;
    for (const auto& [key, json] : sorted) add(members, key + ":" + json);
    return "{" + members + "}";
}

std::string json_fields::value(const place& at) {
    const auto& reflection = *at.message.GetReflection();
    const auto get = [&](auto one, auto element) {
        return at.index < 0 ? (reflection.*one)(at.message, &at.field)
                            : (reflection.*element)(at.message, &at.field, at.index);
    };
    using google::protobuf::Reflection;
    switch (at.field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return fmt::format("{}", get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
        case FieldDescriptor::CPPTYPE_UINT32:
            return fmt::format("{}", get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
        case FieldDescriptor::CPPTYPE_INT64:
            return fmt::format("\"{}\"", get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
        case FieldDescriptor::CPPTYPE_UINT64:
            return fmt::format("\"{}\"", get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
        case FieldDescriptor::CPPTYPE_BOOL:
            return get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return number<google::protobuf::DoubleValue>(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return number<google::protobuf::FloatValue>(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
        case FieldDescriptor::CPPTYPE_ENUM: {
            const int number = get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
            if (at.field.enum_type()->full_name() == "google.protobuf.NullValue") return "null";
            const auto* known = at.field.enum_type()->FindValueByNumber(number);
            return known != nullptr ? fmt::format("\"{}\"", known->name()) : fmt::format("{}", number);
        }
        case FieldDescriptor::CPPTYPE_STRING: return text(at);
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return of(at.index < 0 ? reflection.GetMessage(at.message, &at.field)
                                   : reflection.GetRepeatedMessage(at.message, &at.field, at.index));
    }
    return "null";
}

std::string json_fields::text(const place& at) {
    const auto& reflection = *at.message.GetReflection();
    std::string scratch;
    const std::string& text = at.index < 0
                                  ? reflection.GetStringReference(at.message, &at.field, &scratch)
                                  : reflection.GetRepeatedStringReference(at.message, &at.field, at.index, &scratch);
    if (at.field.type() != FieldDescriptor::TYPE_BYTES) return json_of_text(text);
    if (const auto* type = type_of_command(at.field)) {
        const auto name = reflection.GetString(at.message, type);
        return content(name, name, text);
    }
    return json_of_bytes(text);
}

std::string json_fields::any(const Message& message) {
    const auto& reflection = *message.GetReflection();
    const auto& type = *message.GetDescriptor();
    const auto url = reflection.GetString(message, type.FindFieldByNumber(1));
    const auto bytes = reflection.GetString(message, type.FindFieldByNumber(2));
    if (url.empty() && bytes.empty()) return "{}";
    return content(url, std::string_view{url}.substr(url.rfind('/') + 1), bytes);
}

std::string json_fields::content(std::string_view url, std::string_view type, std::string_view bytes) {
    if (levels_ >= deepest_any) return json_of_unknown(url, bytes);
    const auto message = reader_(type, bytes);
    if (!message) return json_of_unknown(url, bytes);
    ++levels_;
    const auto members = has_own_form(*message->GetDescriptor()) ? "\"value\":" + of(*message) : members_of(*message);
    --levels_;
    std::string all = fmt::format("\"@type\":{}", json_of_text(url));
    if (!members.empty()) add(all, members);
    return "{" + all + "}";
}

}  // namespace stele::inline v0::detail
