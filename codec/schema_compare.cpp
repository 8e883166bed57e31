#include "codec/schema_compare.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

/// Whether bytes written as one type are read as the other with every value unchanged. Types that Protobuf merely calls
/// compatible may truncate or negate values, and bytes may not be UTF-8.
bool keeps_values(FieldDescriptor::Type recorded, FieldDescriptor::Type current) {
    using enum FieldDescriptor::Type;
    if (recorded == current) return true;
    switch (recorded) {
        case TYPE_INT32: return current == TYPE_INT64;
        case TYPE_UINT32: return current == TYPE_UINT64 || current == TYPE_INT64;
        case TYPE_BOOL:
            return current == TYPE_INT32 || current == TYPE_INT64 || current == TYPE_UINT32 || current == TYPE_UINT64;
        case TYPE_ENUM: return current == TYPE_INT32 || current == TYPE_INT64;
        case TYPE_SINT32: return current == TYPE_SINT64;
        case TYPE_STRING: return current == TYPE_BYTES;
        default: return false;
    }
}

std::string type_of(const FieldDescriptor& field) {
    if (field.message_type() != nullptr) return field.message_type()->full_name();
    if (field.enum_type() != nullptr) return field.enum_type()->full_name();
    return field.type_name();
}

/// What a reader gets for a field that was not stored: in proto3 the zero of its type, in proto2 what the file says.
std::string default_of(const FieldDescriptor& field) {
    if (field.is_repeated() || field.message_type() != nullptr) return {};
    using enum FieldDescriptor::CppType;
    switch (field.cpp_type()) {
        case CPPTYPE_INT32: return fmt::format("{}", field.default_value_int32());
        case CPPTYPE_INT64: return fmt::format("{}", field.default_value_int64());
        case CPPTYPE_UINT32: return fmt::format("{}", field.default_value_uint32());
        case CPPTYPE_UINT64: return fmt::format("{}", field.default_value_uint64());
        case CPPTYPE_DOUBLE: return fmt::format("{}", field.default_value_double());
        case CPPTYPE_FLOAT: return fmt::format("{}", field.default_value_float());
        case CPPTYPE_BOOL: return field.default_value_bool() ? "1" : "0";  // as the numbers it may become
        case CPPTYPE_ENUM: return fmt::format("{}", field.default_value_enum()->number());
        case CPPTYPE_STRING: return field.default_value_string();
        case CPPTYPE_MESSAGE: break;
    }
    return {};
}

const char* label_of(const FieldDescriptor& field) {
    return field.is_repeated() ? "repeated" : field.is_required() ? "required" : "singular";
}

std::string number_of(const auto& element) {
    return fmt::format("number {}", element.number());
}

const Descriptor& owner_of(const FieldDescriptor& field) {
    return *field.containing_type();
}
const EnumDescriptor& owner_of(const EnumValueDescriptor& value) {
    return *value.type();
}

}  // namespace

template <class Element>
void schema_comparison::report(const Element& element, std::string recorded, std::string current) {
    auto& finding = findings_.emplace_back(where_);
    finding.message_type = owner_of(element).full_name();
    finding.field = element.name();
    finding.recorded = std::move(recorded);
    finding.current = std::move(current);
}

void schema_comparison::compare(const Descriptor& recorded, const Descriptor& current) {
    if (!compared_.emplace(&recorded, &current).second) return;
    for (int i = 0; i < recorded.field_count(); ++i) compare(*recorded.field(i), current);
    find_newly_required(recorded, current);
}

void schema_comparison::compare(const FieldDescriptor& recorded, const Descriptor& current) {
    const auto* by_number = current.FindFieldByNumber(recorded.number());
    const auto* by_name = current.FindFieldByName(recorded.name());
    if (by_name != nullptr && by_name != by_number)
        report(recorded, number_of(recorded), number_of(*by_name));
    else if (by_number != nullptr)
        compare(recorded, *by_number);
    else if (!current.IsReservedNumber(recorded.number()))
        report(recorded, number_of(recorded), "removed, and the number is not reserved");
}

void schema_comparison::compare(const FieldDescriptor& recorded, const FieldDescriptor& current) {
    if (recorded.is_repeated() != current.is_repeated() || (current.is_required() && !recorded.is_required()))
        report(recorded, label_of(recorded), label_of(current));
    compare_oneof(recorded, current);
    if (!keeps_values(recorded.type(), current.type())) {
        report(recorded, type_of(recorded), type_of(current));
        return;
    }
    if (default_of(recorded) != default_of(current))
        report(recorded, "default " + default_of(recorded), "default " + default_of(current));
    if (recorded.message_type() != nullptr && current.message_type() != nullptr)
        compare(*recorded.message_type(), *current.message_type());
    else if (recorded.enum_type() != nullptr && current.enum_type() != nullptr)
        compare(*recorded.enum_type(), *current.enum_type());
}

/// Two fields that were set together cannot be read together once they share a oneof.
void schema_comparison::compare_oneof(const FieldDescriptor& recorded, const FieldDescriptor& current) {
    const auto* now = current.real_containing_oneof();
    if (now == nullptr) return;
    for (int i = 0; i < now->field_count(); ++i) {
        const auto* other = owner_of(recorded).FindFieldByNumber(now->field(i)->number());
        if (other == nullptr || other == &recorded) continue;
        const auto* before = recorded.real_containing_oneof();
        if (before != nullptr && before == other->real_containing_oneof()) continue;
        report(recorded, fmt::format("apart from {}", other->name()),
               fmt::format("in the oneof {} with {}", now->name(), now->field(i)->name()));
        return;
    }
}

void schema_comparison::compare(const EnumDescriptor& recorded, const EnumDescriptor& current) {
    if (!compared_.emplace(&recorded, &current).second) return;
    for (int i = 0; i < recorded.value_count(); ++i) {
        const auto& value = *recorded.value(i);
        const auto* by_name = current.FindValueByName(value.name());
        if (by_name != nullptr && by_name->number() != value.number())
            report(value, number_of(value), number_of(*by_name));
        else if (current.FindValueByNumber(value.number()) == nullptr && !current.IsReservedNumber(value.number()))
            report(value, number_of(value), "removed, and the number is not reserved");
    }
}

void schema_comparison::find_newly_required(const Descriptor& recorded, const Descriptor& current) {
    for (int i = 0; i < current.field_count(); ++i)
        if (current.field(i)->is_required() && recorded.FindFieldByNumber(current.field(i)->number()) == nullptr)
            report(*current.field(i), "not there", "required");
}

}  // namespace stele::inline v0::detail
