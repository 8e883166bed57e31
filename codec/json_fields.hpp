#pragma once

#include <stele/codec/detail/json_text.hpp>

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// Returns what Protobuf makes of a message, or nothing if it has no form for it. Prints nothing.
std::optional<std::string> json_by_protobuf(const google::protobuf::Message& message);

/// Writes messages field by field, and asks Protobuf for the single values. Its own writer gives up at an Any that it
/// cannot read, at times out of range, and at 64 levels.
class json_fields {
public:
    explicit json_fields(const message_reader& reader) : reader_(reader) {}

    std::string of(const google::protobuf::Message& message);

private:
    /// A field of a message, or an element of it; -1: it is not repeated.
    struct place {
        const google::protobuf::Message& message;
        const google::protobuf::FieldDescriptor& field;
        int index = -1;
    };

    std::string members_of(const google::protobuf::Message& message);
    std::string member(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);
    std::string map(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);
    std::string value(const place& at);
    std::string text(const place& at);
    std::string any(const google::protobuf::Message& message);
    std::string content(std::string_view url, std::string_view type, std::string_view bytes);

    const message_reader& reader_;
    int levels_ = 0;
};

}  // namespace stele::inline v0::detail
