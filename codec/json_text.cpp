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

// How deep arrays and objects are nested. Protobuf takes quadratic time before it refuses deep ones.
std::size_t depth_of(std::string_view json) {
    std::size_t depth = 0, deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_text) {
            if (c == '\\') ++i;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

// Through bytes, because only these may lack required fields without a line on stderr.
std::expected<void, std::string> parse_json(Message& message, std::string_view json) {
    constexpr std::size_t most_depth = 100;  // as in messages
    if (const auto depth = depth_of(json); depth > most_depth)
        return std::unexpected(fmt::format("it is nested {} levels deep; at most {} are read", depth, most_depth));
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
        // The first line: a second one shows the place with a caret, which is lost in a longer text.
        std::string why{read.message().data(), read.message().size()};
        why.resize(std::min(why.find('\n'), why.size()));
        while (why.ends_with('.')) why.pop_back();
        return std::unexpected(repair_utf8(cut_utf8(why, longest)));
    }
    return parse_message(message, bytes);
}

}  // namespace stele::inline v0::detail
