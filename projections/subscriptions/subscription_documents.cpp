#include "projections/subscriptions/subscription_documents.hpp"

#include "projections/runner/stored_checkpoint.hpp"
#include "projections/subscriptions/subscription_claim.hpp"
#include "stele_subscription.pb.h"

#include <stele/eventstore/detail/number_key.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/projections/detail/shorten_letter.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr const char* letter_kind = "subscription_dead_letter";
/// The longest value of a checkpoint: five numbers.
constexpr std::size_t checkpoint_bytes = 64;

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
    return numbered_prefix(name) + number_key(number);
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

std::size_t room_of_write(const event_store& store, std::string_view name) {
    const auto taken = subscription_claim::bytes_of_write(name) + name.size() + checkpoint_bytes;
    const auto most = store.limits().append_bytes;
    return most - std::min(most, taken);
}

void expect_room(const event_store& store, std::string_view name, bool has_letters) {
    const auto& limits = store.limits();
    const auto letter = has_letters ? letter_bytes + longest_letter_key : 0;
    const auto most =
        std::max(subscription_claim::bytes_of_take(name), subscription_claim::bytes_of_write(name) + name.size() +
                                                              checkpoint_bytes + letter + numbered_key(name, 0).size());
    if (limits.event_bytes >= std::max(checkpoint_bytes, letter) && limits.append_bytes >= most) return;
    throw error{error_kind::invalid_argument,
                fmt::format("subscription {}: what it keeps in the store takes up to event_bytes = {} and append_bytes "
                            "= {}, and the store was opened with {} and {}; open it with higher store_limits",
                            name, std::max(checkpoint_bytes, letter), most, limits.event_bytes, limits.append_bytes)};
}

document_write put_letter(const event_store& store, std::string_view name, dead_letter letter) {
    auto document_key = numbered_key(name, letter.position.value);
    const auto room = room_of_write(store, name);
    shorten(letter, std::min(store.limits().event_bytes, room - std::min(room, document_key.size())));
    v1::SubscriptionDeadLetter value;
    value.set_position(letter.position.value);
    value.set_stream(letter.stream);
    value.set_type(letter.type);
    value.set_key(letter.key);
    value.set_attempts(letter.attempts);
    value.set_error(letter.error);
    return {letter_kind, std::move(document_key), value.SerializeAsString()};
}

document_write remove_letter(std::string_view name, position where) {
    return {letter_kind, numbered_key(name, where.value), {}, document_action::remove};
}

std::vector<std::vector<document_write>> take_parts(const event_store& store, std::string_view name,
                                                    std::vector<document_write>& removals) {
    const auto most = std::max<std::size_t>(1, room_of_write(store, name) / numbered_key(name, 0).size());
    std::vector<std::vector<document_write>> parts;
    while (removals.size() > most) {
        const auto begin = removals.end() - static_cast<std::ptrdiff_t>(most);
        parts.emplace_back(std::make_move_iterator(begin), std::make_move_iterator(removals.end()));
        removals.erase(begin, removals.end());
    }
    return parts;
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
    if (store.list_documents(letter_kind, {.prefix = numbered_prefix(name), .limit = 1}).empty() &&
        !store.find_document(checkpoint_kind_of_subscriptions, name))
        return false;
    // From here on nobody else stores a letter.
    subscription_claim claim{store, name};
    claim.take();
    std::vector<document_write> removals;
    for (auto& found : store.list_documents(letter_kind, {.prefix = numbered_prefix(name)}))
        removals.push_back({letter_kind, std::move(found.key), {}, document_action::remove});
    for (auto& part : take_parts(store, name, removals)) claim.write(part);
    removals.push_back({std::string{checkpoint_kind_of_subscriptions}, std::string{name}, {}, document_action::remove});
    claim.write(removals);
    return true;
}

}  // namespace stele::inline v0::detail
