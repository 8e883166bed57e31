#include "projections/subscriptions/subscription_documents.hpp"

#include "projections/runner/stored_checkpoint.hpp"
#include "projections/subscriptions/subscription_claim.hpp"
#include "stele_subscription.pb.h"

#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr const char* letter_kind = "subscription_dead_letter";
constexpr std::size_t number_bytes = 8;
/// The longest error that is stored.
constexpr std::size_t longest_error = 4096;

template <class Message>
Message parsed(std::string_view name, std::string_view what, const document& found) {
    Message value;
    if (const auto parsed = parse_message(value, found.value); !parsed)
        throw error(error_kind::undecodable,
                    fmt::format("subscription {}: {} in the store cannot be read: {}.", name, what, parsed.error()));
    return value;
}

std::uint64_t checked(std::uint64_t stored, std::string_view name, std::string_view what) {
    return stored_number(stored, fmt::format("subscription {}: {} in the store", name, what));
}

}  // namespace

std::string numbered_prefix(std::string_view name) {
    return std::string{name} + '\0';
}

std::string numbered_key(std::string_view name, std::uint64_t number) {
    std::string bytes(number_bytes, '\0');
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, number >>= 8)
        *byte = static_cast<char>(number & 0xFF);
    return numbered_prefix(name) + bytes;
}

std::uint64_t number_in(std::string_view name, std::string_view key) {
    const auto begin = numbered_prefix(name).size();
    if (key.size() < begin + number_bytes) return 0;
    std::uint64_t number = 0;
    for (const char byte : key.substr(begin, number_bytes)) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

std::optional<progress> find_progress(event_store& store, std::string_view name) {
    const auto found = store.find_document(checkpoint_kind_of_subscriptions, name);
    if (!found) return {};
    const auto stored = parsed<v1::SubscriptionCheckpoint>(name, "its checkpoint", *found);
    progress now;
    now.checkpoint = {checked(stored.position(), name, "its checkpoint")};
    now.applied = checked(stored.applied(), name, "a counter of its checkpoint");
    now.ignored = checked(stored.ignored(), name, "a counter of its checkpoint");
    now.skipped = checked(stored.skipped(), name, "a counter of its checkpoint");
    now.dead_lettered = checked(stored.dead_lettered(), name, "a counter of its checkpoint");
    now.seen = now.applied + now.ignored + now.skipped + now.dead_lettered;
    return now;
}

document_write progress_document(std::string_view name, const progress& now, document_action action) {
    v1::SubscriptionCheckpoint value;
    value.set_position(now.checkpoint.value);
    value.set_applied(now.applied);
    value.set_ignored(now.ignored);
    value.set_skipped(now.skipped);
    value.set_dead_lettered(now.dead_lettered);
    return {std::string{checkpoint_kind_of_subscriptions}, std::string{name}, value.SerializeAsString(), action};
}

document_write put_letter(const event_store& store, std::string_view name, const dead_letter& letter) {
    // A store with a low limit has room for half of it; the rest is for the names.
    const auto most = std::min(longest_error, store.limits().event_bytes / 2);
    v1::SubscriptionDeadLetter value;
    value.set_position(letter.position.value);
    value.set_stream(letter.stream);
    value.set_type(letter.type);
    value.set_key(letter.key);
    value.set_attempts(letter.attempts);
    value.set_error(std::string{cut_utf8(repair_utf8(letter.error), most)});
    return {letter_kind, numbered_key(name, letter.position.value), value.SerializeAsString()};
}

document_write remove_letter(std::string_view name, position where) {
    return {letter_kind, numbered_key(name, where.value), {}, document_action::remove};
}

std::vector<dead_letter> list_letters(event_store& store, std::string_view name, position after, std::size_t limit) {
    std::vector<dead_letter> all;
    for (const auto& found : store.list_documents(
             letter_kind,
             {.prefix = numbered_prefix(name), .after = numbered_key(name, after.value), .limit = limit})) {
        auto value = parsed<v1::SubscriptionDeadLetter>(name, "a dead letter", found);
        all.push_back({.position = {checked(value.position(), name, "the position of a dead letter")},
                       .stream = std::move(*value.mutable_stream()),
                       .type = std::move(*value.mutable_type()),
                       .key = std::move(*value.mutable_key()),
                       .attempts = value.attempts(),
                       .error = std::move(*value.mutable_error()),
                       .failed_at = found.written_at});
    }
    return all;
}

bool remove_subscription(event_store& store, std::string_view name) {
    expect_saving(store, checkpoint_kind_of_subscriptions, name);
    std::vector<document_write> removals;
    for (auto& found : store.list_documents(letter_kind, {.prefix = numbered_prefix(name)}))
        removals.push_back({letter_kind, std::move(found.key), {}, document_action::remove});
    if (removals.empty() && !store.find_document(checkpoint_kind_of_subscriptions, name)) return false;
    removals.push_back({std::string{checkpoint_kind_of_subscriptions}, std::string{name}, {}, document_action::remove});
    subscription_claim claim{store, name};
    claim.take();
    claim.write(std::move(removals));
    return true;
}

}  // namespace stele::inline v0::detail
