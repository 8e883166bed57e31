#include "codec/schema_compare.hpp"
#include "codec/schema_record.hpp"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace stele::inline v0 {

std::string schema_finding::message() const {
    const auto element = field.empty() ? message_type : fmt::format("{}.{}", message_type, field);
    return fmt::format("{}: was {} (event {}, recorded version {}), is {}", element, recorded, type, version, current);
}

namespace detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;

/// How often a program tries to record while others record; each failed attempt means that another one succeeded.
constexpr int attempts = 100;

/// Whether a schema was recorded already. Every other one was compared with it when the later of the two was recorded,
/// so it needs no comparison now. (A program that is a version behind may still run.)
bool is_recorded(const std::vector<recorded_schema>& versions, const std::string& bytes) {
    return std::ranges::find(versions, bytes, &recorded_schema::bytes) != versions.end();
}

/// The message of a recorded type that the consumers do not name: it may be another program's.
const Descriptor* find_message(std::string_view type, const recorded_schema& last,
                               const std::set<std::string, std::less<>>& packages,
                               std::vector<schema_finding>& findings) {
    const auto& name = last.message->full_name();
    const auto* message = DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    if (message == nullptr && packages.contains(last.message->file()->package()))
        findings.push_back({std::string{type}, last.version, name, {}, "a message", "gone: no alias, and not ignored"});
    return message;
}

std::vector<schema_finding> find_changes(const recorded_schema_map& recorded,
                                         const std::vector<stored_message>& messages) {
    std::map<std::string_view, const Descriptor*> now;
    std::set<std::string, std::less<>> packages;
    for (const auto& [type, message] : messages) {
        now.emplace(type, message);
        if (message != nullptr) packages.insert(message->file()->package());
    }
    std::vector<schema_finding> findings;
    for (const auto& [type, versions] : recorded) {
        const auto known = now.find(type);
        const auto* current =
            known != now.end() ? known->second : find_message(type, versions.back(), packages, findings);
        if (current == nullptr || is_recorded(versions, schema_bytes(*current))) continue;
        for (const auto& version : versions)
            schema_comparison{type, version.version, findings}.compare(*version.message, *current);
    }
    return findings;
}

std::vector<document_write> find_new(const recorded_schema_map& recorded, const std::vector<stored_message>& messages) {
    std::vector<document_write> documents;
    std::set<std::string_view> done;
    for (const auto& [type, message] : messages) {
        if (message == nullptr || !done.insert(type).second) continue;
        const auto known = recorded.find(type);
        auto bytes = schema_bytes(*message);
        if (known == recorded.end())
            documents.push_back(schema_document(type, 1, std::move(bytes)));
        else if (!is_recorded(known->second, bytes))
            documents.push_back(schema_document(type, known->second.back().version + 1, std::move(bytes)));
    }
    return documents;
}

[[noreturn]] void throw_incompatible(const std::vector<schema_finding>& findings) {
    std::string text =
        "Stored events can no longer be read as they were written. Undo the change, or make it a new message and "
        "upcast "
        "the old one (docs/changing-events.md). Nothing was recorded.";
    for (const auto& each : findings) text += "\n  " + each.message();
    throw error(error_kind::incompatible_schema, text);
}

}  // namespace

std::vector<schema_finding> check_schemas(event_store& store, const std::vector<stored_message>& messages) {
    return find_changes(read_recorded_schemas(store), messages);
}

void record_schemas(event_store& store, const std::vector<stored_message>& messages) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const auto recorded = read_recorded_schemas(store);
        if (const auto findings = find_changes(recorded, messages); !findings.empty()) throw_incompatible(findings);
        const auto documents = find_new(recorded, messages);
        if (documents.empty() || store.append({}, documents)) return;
    }
    throw error(error_kind::busy, "Other programs kept recording schemas in this store; try again.");
}

}  // namespace detail
}  // namespace stele::inline v0
