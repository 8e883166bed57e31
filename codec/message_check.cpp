#include <stele/codec/detail/message_check.hpp>
#include <stele/eventstore/detail/per_thread.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/common.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool is_text(const FieldDescriptor& field) {
    return field.type() == FieldDescriptor::TYPE_STRING;
}

bool is_message(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

/// The types of the messages that a message of type `from` can hold, at any depth; `from` itself only if it can.
std::unordered_set<const Descriptor*> types_within(const Descriptor& from) {
    std::unordered_set<const Descriptor*> found;
    std::vector<const Descriptor*> open{&from};
    while (!open.empty()) {
        const Descriptor& type = *open.back();
        open.pop_back();
        for (int i = 0; i < type.field_count(); ++i)
            if (is_message(*type.field(i)) && found.insert(type.field(i)->message_type()).second)
                open.push_back(type.field(i)->message_type());
    }
    return found;
}

/// Whether one field of this type alone can make a message unreadable. An extension may hold anything.
bool holds_risk(const Descriptor& type) {
    if (type.extension_range_count() > 0 || types_within(type).contains(&type)) return true;
    for (int i = 0; i < type.field_count(); ++i)
        if (is_text(*type.field(i))) return true;
    return false;
}

bool must_be_checked(const FieldDescriptor& field) {
    if (!is_message(field)) return is_text(field);
    const auto within = types_within(*field.message_type());
    return holds_risk(*field.message_type()) ||
           std::ranges::any_of(within, [](const Descriptor* type) { return holds_risk(*type); });
}

/// What is wrong, and where. The path is put together from the inside out, so only when something is wrong.
struct finding {
    std::string path;
    const char* what;

    finding&& within(const std::string& field) && {
        path = path.empty() ? field : field + "." + path;
        return std::move(*this);
    }
};

class message_walk {
public:
    std::optional<finding> check(const Message& message) {
        return check(message, google::protobuf::io::CodedInputStream::GetDefaultRecursionLimit());
    }

private:
    std::optional<finding> check(const Message& message, int levels_left) {
        if (levels_left < 0) return finding{{}, "is nested deeper than Protobuf reads. Make the message flatter."};
        const Descriptor& type = *message.GetDescriptor();
        const Reflection& reflection = *message.GetReflection();
        for (const FieldDescriptor* field : risky_fields(type))
            if (auto bad = check_field(message, reflection, *field, levels_left)) return bad;
        if (type.extension_range_count() > 0) return check_extensions(message, reflection, levels_left);
        return {};
    }

    /// The fields of a type that have to be looked at; decided once, and most types have few or none.
    const std::vector<const FieldDescriptor*>& risky_fields(const Descriptor& type) {
        if (const auto known = fields_.find(&type); known != fields_.end()) return known->second;
        std::vector<const FieldDescriptor*> risky;
        for (int i = 0; i < type.field_count(); ++i)
            if (must_be_checked(*type.field(i))) risky.push_back(type.field(i));
        return fields_.emplace(&type, std::move(risky)).first->second;
    }

    std::optional<finding> check_extensions(const Message& message, const Reflection& reflection, int levels_left) {
        std::vector<const FieldDescriptor*> present;
        reflection.ListFields(message, &present);
        for (const FieldDescriptor* field : present)
            if (field->is_extension() && must_be_checked(*field))
                if (auto bad = check_field(message, reflection, *field, levels_left)) return bad;
        return {};
    }

    std::optional<finding> check_field(const Message& message, const Reflection& reflection,
                                       const FieldDescriptor& field, int levels_left) {
        if (field.is_repeated()) return check_repeated(message, reflection, field, levels_left);
        if (is_text(field)) {
            std::string scratch;
            return check_text(reflection.GetStringReference(message, &field, &scratch), field.name());
        }
        if (!reflection.HasField(message, &field)) return {};
        auto bad = check(reflection.GetMessage(message, &field), levels_left - 1);
        if (bad) return std::move(*bad).within(field.name());
        return {};
    }

    std::optional<finding> check_repeated(const Message& message, const Reflection& reflection,
                                          const FieldDescriptor& field, int levels_left) {
        std::string scratch;
        for (int i = 0, size = reflection.FieldSize(message, &field); i < size; ++i) {
            auto bad = is_text(field)
                           ? check_text(reflection.GetRepeatedStringReference(message, &field, i, &scratch), {})
                           : check(reflection.GetRepeatedMessage(message, &field, i), levels_left - 1);
            if (bad) return std::move(*bad).within(fmt::format("{}[{}]", field.name(), i));
        }
        return {};
    }

    /// Asks Protobuf's own function, whose verdict is the one that the parser will give.
    static std::optional<finding> check_text(const std::string& text, const std::string& field) {
        if (google::protobuf::internal::IsStructurallyValidUTF8(text)) return {};
        return finding{field, "is not UTF-8. Convert the text first, or make the field `bytes`."};
    }

    std::unordered_map<const Descriptor*, std::vector<const FieldDescriptor*>> fields_;
};

/// What is known about generated types stays true as long as the process runs, so each thread keeps it; a type made
/// at run time may be gone tomorrow and another one stand at its address.
std::optional<finding> check(const Message& message) {
    if (message.GetDescriptor()->file()->pool() != DescriptorPool::generated_pool())
        return message_walk{}.check(message);
    return per_thread<message_walk>::get().check(message);
}

}  // namespace

void check_readable(const Message& message) {
    if (const auto bad = check(message))
        throw error(error_kind::invalid_argument,
                    fmt::format("{} could be stored but never read again: field \"{}\" {}",
                                message.GetDescriptor()->full_name(), bad->path, bad->what));
}

}  // namespace stele::inline v0::detail
