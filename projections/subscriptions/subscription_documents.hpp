#pragma once

#include "projections/runner/progress.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/dead_letter.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a subscription keeps in the store: see stele_subscription.proto.
namespace stele::inline v0::detail {

inline constexpr std::string_view checkpoint_kind_of_subscriptions = "subscription";

/// The name, a zero byte, and a number such that the order of keys is that of the numbers.
std::string numbered_key(std::string_view name, std::uint64_t number);
/// How all of them begin.
std::string numbered_prefix(std::string_view name);

/// How far the subscription has come; nothing if the store does not know it. Throws undecodable or corrupt.
std::optional<progress> find_progress(event_store& store, std::string_view name);
document_write progress_document(std::string_view name, const progress& now, document_action action);

/// The longest key of a letter: as long as the name of a stream.
inline constexpr std::size_t longest_letter_key = 512;
/// What all documents of one write of the claim may take beside the checkpoint: their keys and values.
std::size_t room_of_write(const event_store& store, std::string_view name);
/// Throws invalid_argument if the limits of the store are too low for a subscription with dead letters, or without.
void expect_room(const event_store& store, std::string_view name, bool has_letters);

/// Shortens the texts for people, so that the letter of any failure can be stored.
document_write put_letter(const event_store& store, std::string_view name, dead_letter letter);
document_write remove_letter(std::string_view name, position where);
/// Takes from the removals as many from the end as do not fit into one write with the rest, in parts that fit.
std::vector<std::vector<document_write>> take_parts(const event_store& store, std::string_view name,
                                                    std::vector<document_write>& removals);
/// Forgets the subscription, and takes it from its runner; returns whether the store knew it. Throws what the store
/// throws.
bool remove_subscription(event_store& store, std::string_view name);

/// The dead letters after a position, in order, at most `limit`. Throws undecodable or corrupt.
std::vector<dead_letter> list_letters(event_store& store, std::string_view name, position after, std::size_t limit);

}  // namespace stele::inline v0::detail
