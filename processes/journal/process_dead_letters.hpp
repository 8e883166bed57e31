#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/dead_letter.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The dead letters of a process: documents beside the journals (stele_process.proto). The key of a letter is the
/// instance, or empty for an event whose instance could not be found.
namespace stele::inline v0::detail {

/// Shortens the texts for people, so that the letter of any failure can be stored.
document_write put_dead_letter(const event_store& store, std::string_view process, dead_letter letter);
document_write remove_dead_letter(std::string_view process, const dead_letter& letter);

/// Whether this event is a dead letter of the instance.
bool is_dead_letter(event_store& store, std::string_view process, const dead_letter& letter);

/// Whether an event of the instance between these positions, both exclusive, is a dead letter and still in the store.
/// One that was removed holds up nothing.
bool has_dead_letter(event_store& store, std::string_view process, std::string_view instance, position after,
                     position before);

/// Whether the process has any, of whatever instance.
bool has_dead_letters(event_store& store, std::string_view process);

/// The instances that have dead letters whose events are still in the store, each with the position of the last one.
std::map<std::string, position> last_dead_letters(event_store& store, std::string_view process);

/// All of a process, in the order of positions.
std::vector<dead_letter> list_dead_letters(event_store& store, std::string_view process);

}  // namespace stele::inline v0::detail
