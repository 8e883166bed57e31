#pragma once

#include <google/protobuf/message.h>

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// Messages as JSON, by the rules of Protobuf, for every message that can be stored.
namespace stele::inline v0::detail {

/// Reads bytes as the message of this full name; null if the message is not known, or the bytes are none.
using message_reader =
    std::function<std::unique_ptr<google::protobuf::Message>(std::string_view type, std::string_view bytes)>;

/// Whether a message of this full name is compiled into the program.
bool is_known_message(std::string_view type);

/// Reads bytes as a message that is compiled into the program.
std::unique_ptr<google::protobuf::Message> read_known_message(std::string_view type, std::string_view bytes);

/// Returns a message as one line of JSON, by the rules of Protobuf, with the field names of the .proto file; the keys
/// of maps are sorted. What these rules have no form for is shown nevertheless: a Timestamp or Duration out of range as
/// its fields; an Any that `reader` does not read as its bytes, {"@type":…,"value":"base64"}; text that is not UTF-8
/// with �.
std::string json_of(const google::protobuf::Message& message, const message_reader& reader);

/// The form of bytes whose message is not known: {"@type":…,"value":"base64"}.
std::string json_of_unknown(std::string_view type, std::string_view bytes);

/// Returns a text in quotes, escaped by Protobuf.
std::string json_of_text(std::string_view text);
/// Returns bytes as Base64 in quotes.
std::string json_of_bytes(std::string_view bytes);

/// Reads JSON into an empty message. Returns why it is not that message, naming the field, for the end of a sentence:
/// it has a field that the message does not have, a value of another type, or lacks a required field. Prints nothing.
std::expected<void, std::string> parse_json(google::protobuf::Message& message, std::string_view json);

}  // namespace stele::inline v0::detail
