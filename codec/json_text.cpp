#include "codec/json_fields.hpp"

#include <stele/codec/detail/json_text.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/quiet_protobuf.hpp>
#include <stele/eventstore/detail/utf8.hpp>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;

}  // namespace

std::optional<std::string> json_by_protobuf(const Message& message) {
    const quiet_protobuf quiet;
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok() || json.empty()) return {};
    return json;
}

std::string json_of_text(std::string_view text) {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>'; };
    if (std::ranges::all_of(text, is_plain)) return fmt::format("\"{}\"", text);
    google::protobuf::StringValue value;
    value.set_value(repair_utf8(text));
    return json_by_protobuf(value).value_or("\"\"");
}

std::string json_of_bytes(std::string_view bytes) {
    google::protobuf::BytesValue value;
    value.set_value(std::string{bytes});
    return json_by_protobuf(value).value_or("\"\"");
}

std::string json_of_unknown(std::string_view type, std::string_view bytes) {
    return fmt::format(R"({{"@type":{},"value":{}}})", json_of_text(type), json_of_bytes(bytes));
}

std::string json_of(const Message& message, const message_reader& reader) {
    return json_fields{reader}.of(message);
}

bool is_known_message(std::string_view type) {
    return DescriptorPool::generated_pool()->FindMessageTypeByName(std::string{type}) != nullptr;
}

std::unique_ptr<Message> read_known_message(std::string_view type, std::string_view bytes) {
    const auto* known = DescriptorPool::generated_pool()->FindMessageTypeByName(std::string{type});
    if (known == nullptr) return nullptr;
    const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(known);
    if (prototype == nullptr) return nullptr;
    std::unique_ptr<Message> message{prototype->New()};
    if (!parse_message(*message, bytes)) return nullptr;
    return message;
}

// Through bytes, because only these may lack required fields without a line on stderr.
std::expected<void, std::string> parse_json(Message& message, std::string_view json) {
    const quiet_protobuf quiet;
    constexpr auto prefix = "type.googleapis.com";
    const auto& type = *message.GetDescriptor();
    const std::unique_ptr<google::protobuf::util::TypeResolver> types{
        google::protobuf::util::NewTypeResolverForDescriptorPool(prefix, type.file()->pool())};
    std::string bytes;
    const auto read = google::protobuf::util::JsonToBinaryString(
        types.get(), fmt::format("{}/{}", prefix, type.full_name()), {json.data(), json.size()}, &bytes);
    constexpr std::size_t longest = 400;
    if (!read.ok()) {
        const std::string why{read.message().data(), read.message().size()};
        return std::unexpected(repair_utf8(cut_utf8(why, longest)));
    }
    return parse_message(message, bytes);
}

}  // namespace stele::inline v0::detail
