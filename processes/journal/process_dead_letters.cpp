#include "processes/journal/process_dead_letters.hpp"

#include "stele_process.pb.h"

#include <stele/eventstore/detail/number_key.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/projections/detail/shorten_letter.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr const char* dead_letter_kind = "process_dead_letter";

std::string prefix_of(std::string_view process) {
    return std::string{process} + '\0';
}

std::string prefix_of(std::string_view process, std::string_view instance) {
    return prefix_of(process) + std::string{instance} + '\0';
}

std::string key_of(std::string_view process, std::string_view instance, position at) {
    return prefix_of(process, instance) + number_key(at.value);
}

std::string key_of(std::string_view process, const dead_letter& letter) {
    return key_of(process, letter.key, letter.position);
}

dead_letter parse(std::string_view process, const document& found) {
    v1::ProcessDeadLetter value;
    if (const auto parsed = parse_message(value, found.value); !parsed)
        throw error(error_kind::undecodable, fmt::format("process {}: a document of the kind \"{}\" cannot be read: {}",
                                                         process, dead_letter_kind, parsed.error()));
    return {.position = {value.position()},
            .stream = value.stream(),
            .type = value.type(),
            .key = value.instance(),
            .attempts = value.attempts(),
            .error = value.error(),
            .failed_at = found.written_at};
}

}  // namespace

document_write put_dead_letter(const event_store& store, std::string_view process, dead_letter letter) {
    auto document_key = key_of(process, letter);
    const auto& limits = store.limits();
    shorten(letter,
            std::min(limits.event_bytes, limits.append_bytes - std::min(limits.append_bytes, document_key.size())));
    v1::ProcessDeadLetter value;
    value.set_position(letter.position.value);
    value.set_instance(letter.key);
    value.set_stream(letter.stream);
    value.set_type(letter.type);
    value.set_attempts(letter.attempts);
    value.set_error(letter.error);
    return {dead_letter_kind, std::move(document_key), value.SerializeAsString()};
}

document_write remove_dead_letter(std::string_view process, const dead_letter& letter) {
    return {dead_letter_kind, key_of(process, letter), {}, document_action::remove};
}

bool is_dead_letter(event_store& store, std::string_view process, const dead_letter& letter) {
    return store.find_document(dead_letter_kind, key_of(process, letter)).has_value();
}

bool has_dead_letter(event_store& store, std::string_view process, std::string_view instance, position after,
                     position before) {
    document_read_options next{
        .prefix = prefix_of(process, instance), .after = key_of(process, instance, after), .limit = 1};
    while (true) {
        const auto found = store.list_documents(dead_letter_kind, next);
        if (found.empty()) return false;
        const auto at = parse(process, found.front()).position;
        if (at >= before) return false;
        if (has_event(store, at)) return true;
        next.after = found.front().key;
    }
}

bool has_dead_letters(event_store& store, std::string_view process) {
    return !store.list_documents(dead_letter_kind, {.prefix = prefix_of(process), .limit = 1}).empty();
}

std::map<std::string, position> last_dead_letters(event_store& store, std::string_view process) {
    std::map<std::string, position> last;
    const auto begin = prefix_of(process).size();
    const auto letters = store.list_documents(dead_letter_kind, {.prefix = prefix_of(process)});
    for (const auto& found : std::views::reverse(letters)) {
        if (found.key.size() <= begin + number_key_bytes) continue;
        auto instance = found.key.substr(begin, found.key.size() - begin - number_key_bytes - 1);
        if (last.contains(instance)) continue;
        if (const auto at = parse(process, found).position; has_event(store, at)) last.emplace(std::move(instance), at);
    }
    return last;
}

std::vector<dead_letter> list_dead_letters(event_store& store, std::string_view process) {
    std::vector<dead_letter> all;
    for (const auto& found : store.list_documents(dead_letter_kind, {.prefix = prefix_of(process)}))
        all.push_back(parse(process, found));
    std::ranges::sort(all, {}, &dead_letter::position);
    return all;
}

}  // namespace stele::inline v0::detail
