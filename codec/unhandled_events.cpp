#include "codec/unhandled_events.hpp"

#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::DescriptorPool;

/// The package of a type whose message may be gone. Then what is known is the recorded schema, or only the name: of a
/// message inside another one, the names of both begin with a capital letter.
std::string package_of(std::string_view type, const recorded_schema_map& recorded) {
    if (const auto found = recorded.find(type); found != recorded.end())
        return found->second.back().message->file()->package();
    if (const auto* message = DescriptorPool::generated_pool()->FindMessageTypeByName(std::string{type}))
        return message->file()->package();
    const auto parent_of = [](std::string_view name) { return name.substr(0, std::min(name.rfind('.'), name.size())); };
    if (!type.contains('.')) return {};
    std::string_view package = parent_of(type);
    while (true) {
        const auto last = package.rfind('.');
        const char first = package[last == package.npos ? 0 : last + 1];
        if (first < 'A' || first > 'Z') return std::string{package};
        if (last == package.npos) return {};
        package = package.substr(0, last);
    }
}

/// What the consumers do with the events of one type.
struct event_use {
    bool handled = false;                        ///< By at least one of them.
    std::vector<std::string_view> becomes = {};  ///< If it is not: what it is upcast to.
};

std::map<std::string_view, event_use> uses_of(const std::vector<stored_message>& messages,
                                              const ignored_types& ignored) {
    std::map<std::string_view, event_use> uses;
    for (const auto& each : messages) {
        if (each.stored_as != stored_as::event) continue;
        auto& use = uses[each.type];
        use.handled = use.handled || each.handled ||
                      std::ranges::all_of(each.becomes, [&](auto type) { return ignored.contains(type); });
        use.becomes = each.becomes;
    }
    return uses;
}

/// The first event of a type, for people; nothing if all were removed.
std::optional<std::string> find_first(event_store& store, const std::string& type) {
    auto first = store.read_all({.limit = 1, .filter = {.types = {type}}});
    for (const recorded_event& event : std::move(first).events())
        return fmt::format("stored at position {} (stream \"{}\")", event.position.value, event.stream);
    return {};
}

}  // namespace

std::set<std::string, std::less<>> packages_of(const std::vector<stored_message>& messages) {
    std::set<std::string, std::less<>> packages;
    for (const auto& each : messages)
        if (each.message != nullptr && each.stored_as == stored_as::event)
            packages.insert(each.message->file()->package());
    return packages;
}

void find_unhandled(event_store& store, const std::vector<stored_message>& messages, const ignored_types& ignored,
                    const recorded_schema_map& recorded, std::vector<schema_finding>& findings) {
    const auto uses = uses_of(messages, ignored);
    const auto packages = packages_of(messages);
    for (const auto& type : store.event_types()) {
        const auto use = uses.find(type);
        if (ignored.contains(type) || (use != uses.end() && use->second.handled)) continue;
        const auto package = package_of(type, recorded);
        if (!packages.contains(package) || package == "stele.v1") continue;
        if (std::ranges::find(findings, type, &schema_finding::type) != findings.end()) continue;
        const auto first = find_first(store, type);
        if (!first) continue;
        auto current = use == uses.end()
                           ? "is taken, upcast or ignored by none of these consumers"
                           : fmt::format("is upcast to what none of these consumers takes or ignores ({})",
                                         fmt::join(use->second.becomes, ", "));
        findings.push_back({.type = type, .message_type = type, .recorded = *first, .current = std::move(current)});
    }
}

}  // namespace stele::inline v0::detail
