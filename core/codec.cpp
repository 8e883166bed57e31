#include "core/message_check.hpp"

#include <stele/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cstring>

namespace stele {
namespace {

using google::protobuf::Message;

/// A message that has held more than this is not kept: it would keep the memory of the largest event it ever saw.
constexpr std::size_t kept_message_bytes = 64UL * 1024;

std::string describe(const recorded_event& event) {
    return fmt::format("event of type \"{}\" at position {} (stream \"{}\", version {})", event.type,
                       event.position.value, event.stream, event.version.value);
}

[[noreturn]] void throw_unknown_type(const recorded_event& event, const std::string& taker) {
    throw error(error_kind::undecodable,
                fmt::format("The {} is of a type that {} does not know. Add the message to its list of events.",
                            describe(event), taker));
}

/// Protobuf would also print to stderr if it were to meet an unset required field by itself.
void parse(const recorded_event& event, Message& message) {
    const bool parsed = event.payload.size() <= INT_MAX &&
                        message.ParsePartialFromArray(event.payload.data(), static_cast<int>(event.payload.size()));
    if (parsed && message.IsInitialized()) return;
    const auto why = parsed ? "it lacks the required fields " + message.InitializationErrorString()
                            : fmt::format("its {} bytes do not parse", event.payload.size());
    throw error(error_kind::undecodable,
                fmt::format("The {} is not a {}: {}.", describe(event), message.GetDescriptor()->full_name(), why));
}

/// A number for a type name: its length and its end. Names of one package begin alike and seldom end alike, so that a
/// search over these numbers takes a third of the time of one over names.
std::uint64_t key_of(std::string_view type) noexcept {
    std::uint64_t end = 0;
    if (type.size() >= sizeof end)
        std::memcpy(&end, type.data() + (type.size() - sizeof end), sizeof end);
    else
        for (const char c : type) end = end << 8 | static_cast<std::uint8_t>(c);
    return end ^ (std::uint64_t{type.size()} << 32);
}

std::string serialise(const Message& event) {
    const auto& type = event.GetDescriptor()->full_name();
    if (!event.IsInitialized())
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: the required fields {} are not set.", type, event.InitializationErrorString()));
    detail::check_readable(event);
    const auto size = event.ByteSizeLong();
    if (size > INT_MAX)
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: the message takes {} bytes; Protobuf ends at {}.", type, size, INT_MAX));
    std::string bytes;
    // The length that is passed in may be more than was asked for (libstdc++ 12).
    bytes.resize_and_overwrite(size, [&](char* data, std::size_t) {
        event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(data));
        return size;
    });
    return bytes;
}

}  // namespace

event_data encode(const Message& event, const metadata& about) {
    return detail::encode_event(event, encode(about));
}

namespace detail {

event_data encode_event(const Message& event, std::string metadata_bytes) {
    return {
        .type = event.GetDescriptor()->full_name(), .payload = serialise(event), .metadata = std::move(metadata_bytes)};
}

event_table::event_table(std::string taker, std::vector<event_entry> entries)
    : taker_(std::move(taker)), entries_(std::move(entries)) {
    std::ranges::sort(entries_, {}, [](const event_entry& entry) { return std::pair{key_of(entry.type), entry.type}; });
    const auto twice = std::ranges::adjacent_find(entries_, {}, &event_entry::type);
    if (twice != entries_.end())
        throw error(error_kind::invalid_argument,
                    fmt::format("The event type \"{}\" stands twice in the list of {}.", twice->type, taker_));
    keys_.reserve(entries_.size());
    for (const event_entry& entry : entries_) keys_.push_back(key_of(entry.type));
}

std::optional<std::size_t> event_table::find(std::string_view type) const noexcept {
    const auto key = key_of(type);
    auto index = static_cast<std::size_t>(std::ranges::lower_bound(keys_, key) - keys_.begin());
    for (; index < keys_.size() && keys_[index] == key; ++index)
        if (entries_[index].type == type) return index;
    return {};
}

event_decoder::event_decoder(const event_table& table) : table_(&table), messages_(table.size()) {}

void event_decoder::decode(const recorded_event& event, void* context) {
    if (!decode_if_known(event, context)) throw_unknown_type(event, table_->taker());
}

bool event_decoder::decode_if_known(const recorded_event& event, void* context) {
    const auto index = table_->find(event.type);
    if (index) decode(*index, event, context);
    return index.has_value();
}

void event_decoder::decode(std::size_t index, const recorded_event& event, void* context) {
    const event_entry& entry = (*table_)[index];
    auto& message = messages_[index];
    if (!message) message.reset(entry.prototype->New());
    parse(event, *message);
    entry.handle(context, *message, event);
    if (event.payload.size() > kept_message_bytes) message.reset();
}

void decode_all(const event_table& table, event_range events, void* context) {
    event_decoder decoder{table};
    for (const event_batch& batch : events)
        for (const recorded_event& event : batch) decoder.decode(event, context);
}

}  // namespace detail
}  // namespace stele
