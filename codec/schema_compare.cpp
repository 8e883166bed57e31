#include "codec/schema_compare.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

/// Whether bytes that were written as one type are read as the other, each value as what it was. What is merely
/// readable (Protobuf calls more types compatible) may cut or negate values, and text may not be UTF-8.
bool keeps_values(FieldDescriptor::Type was, FieldDescriptor::Type is) {
    using enum FieldDescriptor::Type;
    if (was == is) return true;
    switch (was) {
        case TYPE_INT32: return is == TYPE_INT64;
        case TYPE_UINT32: return is == TYPE_UINT64 || is == TYPE_INT64;
        case TYPE_BOOL: return is == TYPE_INT32 || is == TYPE_INT64 || is == TYPE_UINT32 || is == TYPE_UINT64;
        case TYPE_ENUM: return is == TYPE_INT32 || is == TYPE_INT64;
        case TYPE_SINT32: return is == TYPE_SINT64;
        case TYPE_STRING: return is == TYPE_BYTES;
        default: return false;
    }
}

std::string type_of(const FieldDescriptor& field) {
    if (field.message_type() != nullptr) return field.message_type()->full_name();
    if (field.enum_type() != nullptr) return field.enum_type()->full_name();
    return field.type_name();
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
void schema_comparison::report(const Element& element, std::string was, std::string is) {
    findings_.push_back(
        {std::string{type_}, version_, owner_of(element).full_name(), element.name(), std::move(was), std::move(is)});
}

void schema_comparison::compare(const Descriptor& was, const Descriptor& is) {
    if (!compared_.emplace(&was, &is).second) return;
    for (int i = 0; i < was.field_count(); ++i) compare(*was.field(i), is);
    find_newly_required(was, is);
}

void schema_comparison::compare(const FieldDescriptor& was, const Descriptor& is) {
    const auto* by_number = is.FindFieldByNumber(was.number());
    const auto* by_name = is.FindFieldByName(was.name());
    if (by_name != nullptr && by_name != by_number)
        report(was, number_of(was), number_of(*by_name));
    else if (by_number != nullptr)
        compare(was, *by_number);
    else if (!is.IsReservedNumber(was.number()))
        report(was, number_of(was), "removed, and the number is not reserved");
}

void schema_comparison::compare(const FieldDescriptor& was, const FieldDescriptor& is) {
    if (was.is_repeated() != is.is_repeated() || (is.is_required() && !was.is_required()))
        report(was, label_of(was), label_of(is));
    compare_oneof(was, is);
    if (!keeps_values(was.type(), is.type()))
        report(was, type_of(was), type_of(is));
    else if (was.message_type() != nullptr && is.message_type() != nullptr)
        compare(*was.message_type(), *is.message_type());
    else if (was.enum_type() != nullptr && is.enum_type() != nullptr)
        compare(*was.enum_type(), *is.enum_type());
}

/// Two fields that were set together cannot be read together once they share a oneof.
void schema_comparison::compare_oneof(const FieldDescriptor& was, const FieldDescriptor& is) {
    const auto* now = is.real_containing_oneof();
    if (now == nullptr) return;
    for (int i = 0; i < now->field_count(); ++i) {
        const auto* other = owner_of(was).FindFieldByNumber(now->field(i)->number());
        if (other == nullptr || other == &was) continue;
        const auto* before = was.real_containing_oneof();
        if (before != nullptr && before == other->real_containing_oneof()) continue;
        report(was, fmt::format("apart from {}", other->name()),
               fmt::format("in the oneof {} with {}", now->name(), now->field(i)->name()));
        return;
    }
}

void schema_comparison::compare(const EnumDescriptor& was, const EnumDescriptor& is) {
    if (!compared_.emplace(&was, &is).second) return;
    for (int i = 0; i < was.value_count(); ++i) {
        const auto& value = *was.value(i);
        const auto* by_name = is.FindValueByName(value.name());
        if (by_name != nullptr && by_name->number() != value.number())
            report(value, number_of(value), number_of(*by_name));
        else if (is.FindValueByNumber(value.number()) == nullptr && !is.IsReservedNumber(value.number()))
            report(value, number_of(value), "removed, and the number is not reserved");
    }
}

void schema_comparison::find_newly_required(const Descriptor& was, const Descriptor& is) {
    for (int i = 0; i < is.field_count(); ++i)
        if (is.field(i)->is_required() && was.FindFieldByNumber(is.field(i)->number()) == nullptr)
            report(*is.field(i), "not there", "required");
}

}  // namespace stele::inline v0::detail
