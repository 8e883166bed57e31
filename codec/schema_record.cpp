#include "codec/schema_record.hpp"

#include "stele_schema.pb.h"

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <charconv>
#include <set>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;

/// The kind of the documents.
const char* document_kind(stored_as kind) {
    switch (kind) {
        case stored_as::event: return "schema";
        case stored_as::command: return "schema.command";
        case stored_as::snapshot: return "schema.snapshot";
    }
    std::unreachable();
}

/// What a message needs of each file: top-level messages and enums, and imported files.
class needed_parts {
public:
    explicit needed_parts(const Descriptor& message) {
        add(message);
        while (!waiting_.empty()) {
            const Descriptor* next = waiting_.back();
            waiting_.pop_back();
            follow(*next, files_[next->file()]);
        }
    }

    /// Appends the files, each after those that it imports.
    void write(google::protobuf::FileDescriptorSet& set) {
        for (const auto& [file, parts] : files_) write(*file, set);
    }

private:
    struct file_parts {
        std::set<const Descriptor*> messages;
        std::set<const EnumDescriptor*> enums;
        std::set<const FileDescriptor*> imports;
    };
    // By name, not by address: the same schema must give the same bytes in each run.
    struct by_name {
        bool operator()(const FileDescriptor* a, const FileDescriptor* b) const { return a->name() < b->name(); }
    };

    void add(const Descriptor& message) {
        const Descriptor* top = &message;
        while (top->containing_type() != nullptr) top = top->containing_type();
        if (files_[top->file()].messages.insert(top).second) waiting_.push_back(top);
    }

    void follow(const Descriptor& message, file_parts& from) {
        for (int i = 0; i < message.nested_type_count(); ++i) follow(*message.nested_type(i), from);
        for (int i = 0; i < message.field_count(); ++i) {
            const auto* type = message.field(i)->message_type();
            const auto* values = message.field(i)->enum_type();
            if (type != nullptr) add(*type);
            if (values != nullptr && values->containing_type() != nullptr) add(*values->containing_type());
            if (values != nullptr && values->containing_type() == nullptr) files_[values->file()].enums.insert(values);
            const FileDescriptor* file = type != nullptr ? type->file() : values != nullptr ? values->file() : nullptr;
            if (file != nullptr && file != message.file()) from.imports.insert(file);
        }
    }

    void write(const FileDescriptor& file, google::protobuf::FileDescriptorSet& set) {
        if (!written_.insert(&file).second) return;
        const auto& parts = files_.at(&file);
        const std::set<const FileDescriptor*, by_name> imports(parts.imports.begin(), parts.imports.end());
        for (const auto* import : imports) write(*import, set);
        auto& out = *set.add_file();
        out.set_name(file.name());
        out.set_package(file.package());
        if (file.syntax() == FileDescriptor::SYNTAX_PROTO3) out.set_syntax("proto3");
        for (const auto* import : imports) out.add_dependency(import->name());
        for (int i = 0; i < file.message_type_count(); ++i) {
            if (!parts.messages.contains(file.message_type(i))) continue;
            file.message_type(i)->CopyTo(out.add_message_type());
            drop_extensions(*out.mutable_message_type(out.message_type_size() - 1));
        }
        for (int i = 0; i < file.enum_type_count(); ++i)
            if (parts.enums.contains(file.enum_type(i))) file.enum_type(i)->CopyTo(out.add_enum_type());
    }

    // They belong to other messages, whose files may be missing here.
    static void drop_extensions(google::protobuf::DescriptorProto& message) {
        message.clear_extension();
        for (auto& nested : *message.mutable_nested_type()) drop_extensions(nested);
    }

    std::map<const FileDescriptor*, file_parts, by_name> files_;
    std::vector<const Descriptor*> waiting_;
    std::set<const FileDescriptor*> written_;
};

/// Keeps Protobuf from printing to stderr.
struct error_list : google::protobuf::DescriptorPool::ErrorCollector {
    void AddError(const std::string&, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                  const std::string& message) override {
        text += fmt::format("{}: {}; ", element, message);
    }
    std::string text;
};

[[noreturn]] void throw_corrupt(std::string_view key, std::string_view why) {
    throw error(error_kind::corrupt, fmt::format("The recorded schema \"{}\" cannot be read: {}.", key, why));
}

recorded_schema read(document from, std::uint32_t version) {
    v1::Schema schema;
    if (const auto parsed = parse_message(schema, from.value); !parsed) throw_corrupt(from.key, parsed.error());
    recorded_schema result{version, std::move(from.value), std::make_unique<google::protobuf::DescriptorPool>()};
    error_list errors;
    for (const auto& file : schema.files().file())
        if (result.pool->BuildFileCollectingErrors(file, &errors) == nullptr) throw_corrupt(from.key, errors.text);
    result.message = result.pool->FindMessageTypeByName(schema.message());
    if (result.message == nullptr) throw_corrupt(from.key, fmt::format("it lacks the message {}", schema.message()));
    return result;
}

}  // namespace

std::string schema_key(std::string_view owner, std::string_view type) {
    return owner.empty() ? std::string{type} : fmt::format("{}/{}", owner, type);
}

schema_name parse_schema_key(stored_as kind, std::string_view key) {
    const auto slash = key.rfind('/');  // the full name of a message has none
    if (kind == stored_as::event || slash == key.npos) return {{}, key};
    return {key.substr(0, slash), key.substr(slash + 1)};
}

recorded_schema_map read_recorded_schemas(event_store& store, stored_as kind) {
    recorded_schema_map all;
    for (auto& each : store.list_documents(document_kind(kind))) {
        const auto slash = std::min(each.key.rfind('/'), each.key.size());
        std::uint32_t version = 0;
        const char* const end = each.key.data() + each.key.size();
        if (std::from_chars(each.key.data() + std::min(slash + 1, each.key.size()), end, version).ptr != end ||
            version == 0)
            throw_corrupt(each.key, "its key does not end in a version");
        auto& versions = all[each.key.substr(0, slash)];
        versions.push_back(read(std::move(each), version));
    }
    return all;
}

std::string schema_bytes(const Descriptor& message) {
    v1::Schema schema;
    schema.set_message(message.full_name());
    needed_parts{message}.write(*schema.mutable_files());
    return schema.SerializeAsString();
}

document_write schema_document(stored_as kind, std::string_view key, std::uint32_t version, std::string bytes) {
    return {document_kind(kind), fmt::format("{}/{:06}", key, version), std::move(bytes), document_action::add};
}

}  // namespace stele::inline v0::detail
