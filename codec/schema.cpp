#include "codec/ignored_types.hpp"
#include "codec/schema_compare.hpp"
#include "codec/schema_record.hpp"
#include "codec/unhandled_events.hpp"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/event_store.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;

/// How often a program tries to record while others record; each failed attempt means that another one succeeded.
constexpr int attempts = 100;

constexpr std::array all_kinds{stored_as::event, stored_as::command, stored_as::snapshot};

/// All that was recorded, by kind.
using recorded_by_kind = std::map<stored_as, recorded_schema_map>;

recorded_by_kind read_all_recorded(event_store& store) {
    recorded_by_kind all;
    for (const auto kind : all_kinds) all.emplace(kind, read_recorded_schemas(store, kind));
    return all;
}

/// Whether a schema was recorded already. Every other one was compared with it when the later of the two was recorded,
/// so it needs no comparison now. (A program that is a version behind may still run.)
bool is_recorded(const std::vector<recorded_schema>& versions, const std::string& bytes) {
    return std::ranges::find(versions, bytes, &recorded_schema::bytes) != versions.end();
}

/// Finds the changes of one kind of messages.
class change_search {
public:
    change_search(stored_as kind, const std::vector<stored_message>& messages, const ignored_types& ignored,
                  std::vector<schema_finding>& findings)
        : kind_(kind), ignored_(ignored), packages_(packages_of(messages)), findings_(findings) {
        for (const auto& each : messages) {
            if (each.stored_as == stored_as::command) processes_.insert(each.owner);
            if (each.stored_as == kind && each.message != nullptr)
                named_.emplace(schema_key(each.owner, each.type), each.message);
        }
    }

    void look_at(const std::string& key, const std::vector<recorded_schema>& versions) {
        const auto named = named_.find(key);
        const auto* current = named != named_.end() ? named->second : find_unnamed(key, versions.back());
        if (current == nullptr || is_recorded(versions, schema_bytes(*current))) return;
        for (const auto& version : versions)
            schema_comparison{finding_of(key, version), findings_}.compare(*version.message, *current);
    }

private:
    [[nodiscard]] schema_finding finding_of(std::string_view key, const recorded_schema& version) const {
        const auto name = parse_schema_key(kind_, key);
        return {.type = std::string{name.type},
                .version = version.version,
                .stored_as = kind_,
                .owner = std::string{name.owner}};
    }

    /// The message of a recorded type that the consumers do not name: it may be another program's.
    const Descriptor* find_unnamed(std::string_view key, const recorded_schema& last) {
        auto finding = finding_of(key, last);
        if (ignored_.contains(finding.type) || kind_ == stored_as::snapshot) return nullptr;
        const auto& name = last.message->full_name();
        const auto* message = DescriptorPool::generated_pool()->FindMessageTypeByName(name);
        const bool is_event = kind_ == stored_as::event;
        const bool is_lost = is_event ? message == nullptr && packages_.contains(last.message->file()->package())
                                      : processes_.contains(finding.owner);
        if (!is_lost) return message;
        finding.message_type = name;
        finding.recorded = is_event ? "a message" : "one of its commands";
        finding.current = is_event ? "gone: no alias, and not ignored" : "gone: not in its `commands`, and not ignored";
        findings_.push_back(std::move(finding));
        return nullptr;
    }

    stored_as kind_;
    const ignored_types& ignored_;
    std::set<std::string, std::less<>> packages_;
    std::set<std::string, std::less<>> processes_;
    std::map<std::string, const Descriptor*, std::less<>> named_;
    std::vector<schema_finding>& findings_;
};

std::vector<schema_finding> find_all(event_store& store, const recorded_by_kind& recorded,
                                     const std::vector<stored_message>& messages, const schema_options& options) {
    std::vector<schema_finding> findings;
    const ignored_types ignored{messages, options};
    for (const auto& [kind, schemas] : recorded) {
        change_search search{kind, messages, ignored, findings};
        for (const auto& [key, versions] : schemas) search.look_at(key, versions);
    }
    find_unhandled(store, messages, ignored, recorded.at(stored_as::event), findings);
    return findings;
}

std::vector<document_write> find_new(const recorded_by_kind& recorded, const std::vector<stored_message>& messages) {
    std::vector<document_write> documents;
    std::set<std::pair<stored_as, std::string>> done;
    for (const auto& each : messages) {
        const auto key = schema_key(each.owner, each.type);
        if (each.message == nullptr || !done.emplace(each.stored_as, key).second) continue;
        const auto& schemas = recorded.at(each.stored_as);
        const auto known = schemas.find(key);
        auto bytes = schema_bytes(*each.message);
        if (known == schemas.end())
            documents.push_back(schema_document(each.stored_as, key, 1, std::move(bytes)));
        else if (!is_recorded(known->second, bytes))
            documents.push_back(
                schema_document(each.stored_as, key, known->second.back().version + 1, std::move(bytes)));
    }
    return documents;
}

[[noreturn]] void throw_incompatible(const std::vector<schema_finding>& findings) {
    std::vector<std::pair<std::string, std::string>> lines;  // for each piece of advice
    for (const auto& each : findings) {
        const auto advice = each.advice();
        auto found = std::ranges::find(lines, advice, &std::pair<std::string, std::string>::first);
        if (found == lines.end()) found = lines.insert(lines.end(), {advice, {}});
        found->second += "\n  " + each.message();
    }
    std::string text =
        "What is stored does not fit this program. Nothing was recorded. If a newer version of this program has "
        "written it, run that one.";
    for (const auto& [advice, which] : lines) text += "\n" + advice + which;
    throw error(error_kind::incompatible_schema, text);
}

}  // namespace

std::vector<schema_finding> check_schemas(event_store& store, const std::vector<stored_message>& messages,
                                          const schema_options& options) {
    return find_all(store, read_all_recorded(store), messages, options);
}

void record_schemas(event_store& store, const std::vector<stored_message>& messages, const schema_options& options) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const auto recorded = read_all_recorded(store);
        if (const auto findings = find_all(store, recorded, messages, options); !findings.empty())
            throw_incompatible(findings);
        const auto documents = find_new(recorded, messages);
        if (documents.empty() || store.append({}, documents)) return;
    }
    throw error(error_kind::busy, "Other programs kept recording schemas in this store; try again.");
}

}  // namespace stele::inline v0::detail
