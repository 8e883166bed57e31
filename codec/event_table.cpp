#include <stele/codec/detail/event_table.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/error.hpp>

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Message;

/// A message that has held more than this is not kept: it would keep the memory of the largest event it ever saw.
constexpr std::size_t kept_message_bytes = 64UL * 1024;

std::string describe(const recorded_event& event) {
    return fmt::format("event of type \"{}\" at position {} (stream \"{}\", version {})", event.type,
                       event.position.value, event.stream, event.version.value);
}

[[noreturn]] void throw_unknown_type(const recorded_event& event, const std::string& consumer) {
    throw error(
        error_kind::undecodable,
        fmt::format(
            "The {} is of a type that {} does not know. Add the message to its list of events, or to its ignored ones; "
            "if it is an older form of one of its events, upcast it or give it an alias (docs/changing-events.md); if "
            "a newer version of this program has written it, run that one.",
            describe(event), consumer));
}

/// A number for a type name: its length and its end. Names of one package begin alike and seldom end alike, so a search
/// over these numbers takes a third of the time of one over names.
std::uint64_t key_of(std::string_view type) noexcept {
    std::uint64_t end = 0;
    if (type.size() >= sizeof end)
        std::memcpy(&end, type.data() + (type.size() - sizeof end), sizeof end);
    else
        for (const char c : type) end = end << 8 | static_cast<std::uint8_t>(c);
    return end ^ (std::uint64_t{type.size()} << 32);
}

}  // namespace

event_table::event_table(std::string consumer, std::vector<event_entry> entries, std::vector<std::string> categories,
                         tag_list tags)
    : consumer_(std::move(consumer)),
      entries_(std::move(entries)),
      categories_(std::move(categories)),
      tags_(std::move(tags)) {
    std::ranges::sort(categories_);
    std::ranges::sort(entries_, {}, [](const event_entry& entry) { return std::pair{key_of(entry.type), entry.type}; });
    const auto both_ignored = std::ranges::unique(entries_, [](const event_entry& a, const event_entry& b) {
        return a.type == b.type && a.handle == nullptr && b.handle == nullptr;
    });
    entries_.erase(both_ignored.begin(), both_ignored.end());
    const auto twice = std::ranges::adjacent_find(entries_, {}, &event_entry::type);
    if (twice != entries_.end())
        throw error(error_kind::invalid_argument,
                    fmt::format("The event type \"{}\" stands twice in the list of {} (or in the aliases and ignored "
                                "types of its upcasters).",
                                twice->type, consumer_));
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

std::optional<std::size_t> event_table::find(const recorded_event& event) const {
    const auto index = find(event.type);
    if (!index) return {};
    const bool is_removal = entries_[*index].is_removal;
    // Anybody may append an event of that type to a stream of his own.
    if (is_removal && event.stream != removals_stream) return {};
    if (!is_removal && !event.tags.contains_all(tags_)) return {};
    if (categories_.empty()) return index;
    const auto removed = is_removal ? removed_stream(event) : std::string{};
    const auto category = category_of(is_removal ? removed : event.stream);
    // A record that is damaged concerns everybody: it may be about their stream.
    if ((is_removal && removed.empty()) || std::ranges::binary_search(categories_, category)) return index;
    return {};
}

event_query event_table::filter() const {
    event_query filter{.categories = categories_};
    for (const event_entry& entry : entries_)
        if (entry.handle != nullptr) filter.types.emplace_back(entry.type);
    if (!categories_.empty() && takes_removals()) filter.categories.emplace_back(system_category);
    if (tags_.empty()) return filter;
    if (!takes_removals()) {
        filter.tags = tags_;
        return filter;
    }
    query_item removals;
    for (const event_entry& entry : entries_)
        if (entry.is_removal) removals.types.emplace_back(entry.type);
    filter.any_of = {{.types = {}, .tags = tags_}, std::move(removals)};
    return filter;
}

bool event_table::takes_removals() const noexcept {
    return std::ranges::any_of(entries_, &event_entry::is_removal);
}

std::vector<std::string> checked_categories(std::initializer_list<std::string_view> names) {
    std::vector<std::string> categories;
    for (const auto name : names) {
        if (name.contains('-'))
            throw error(error_kind::invalid_argument,
                        fmt::format("The category \"{}\" of a list `categories` contains '-': a category is the part "
                                    "of a stream name before the first '-'.",
                                    name));
        const stream_id checked{std::string{name}};
        categories.emplace_back(checked.category());
    }
    return categories;
}

void parse_event(const recorded_event& event, Message& message) {
    if (event.content != event_content::message)
        throw error(error_kind::undecodable,
                    fmt::format("The {} is {}, not a {}: it was stored as a foreign event. Read its bytes from "
                                "recorded_event::payload, and store messages under another type.",
                                describe(event), to_string(event.content), message.GetDescriptor()->full_name()));
    if (const auto parsed = parse_message(message, event.payload); !parsed)
        throw error(error_kind::undecodable, fmt::format("The {} is not a {}: {}.", describe(event),
                                                         message.GetDescriptor()->full_name(), parsed.error()));
}

event_decoder::event_decoder(const event_table& table) : table_(&table), messages_(table.size()) {}

void event_decoder::decode(const recorded_event& event, void* context) {
    const auto index = table_->find(event);
    // Of a type that is known, it is in a stream that does not concern the consumer.
    if (!index && table_->find(event.type)) return;
    if (!index) throw_unknown_type(event, table_->consumer());
    if ((*table_)[*index].handle != nullptr) decode(*index, event, context);
}

bool event_decoder::decode_if_known(const recorded_event& event, void* context) {
    const auto index = table_->find(event);
    if (!index || (*table_)[*index].handle == nullptr) return false;
    decode(*index, event, context);
    return true;
}

void event_decoder::decode(std::size_t index, const recorded_event& event, void* context) {
    const event_entry& entry = (*table_)[index];
    auto& message = messages_[index];
    if (!message) message.reset(entry.prototype->New());
    parse_event(event, *message);
    entry.handle(context, *message, event);
    if (event.payload.size() > kept_message_bytes) message.reset();
}

namespace {

struct known_upcasters {
    const std::type_info* type;
    std::vector<std::string_view> (*targets)();
};
struct upcaster_registry {
    process_mutex mutex;
    std::vector<known_upcasters> all;
};
/// Made on first use, which is before main().
upcaster_registry& registry() {
    static auto& known = *new upcaster_registry;
    return known;
}

std::string readable(const std::type_info& type) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                      std::free};
    return name ? name.get() : type.name();
}

}  // namespace

bool register_upcasters(const std::type_info& upcasters, std::vector<std::string_view> (*targets)()) {
    const std::lock_guard lock(registry().mutex);
    registry().all.push_back({&upcasters, targets});
    return true;
}

void expect_upcasters(std::string_view event, std::initializer_list<const std::type_info*> listed,
                      const std::string& consumer) {
    const std::lock_guard lock(registry().mutex);
    for (const known_upcasters& known : registry().all) {
        if (std::ranges::any_of(listed, [&](const std::type_info* type) { return *type == *known.type; })) continue;
        const auto targets = known.targets();
        if (std::ranges::find(targets, event) == targets.end()) continue;
        throw error(error_kind::invalid_argument,
                    fmt::format("The {} takes the event {} without the upcasters {}, and would miss stored events of "
                                "older types. Give it the list `stele::upcast_by<{}>(…)`.",
                                consumer, event, readable(*known.type), readable(*known.type)));
    }
}

}  // namespace stele::inline v0::detail
