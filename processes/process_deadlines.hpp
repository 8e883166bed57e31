#pragma once

#include <stele/eventstore/event_store.hpp>

#include <optional>
#include <string>
#include <string_view>

/// The deadlines of a process in the order of time: documents beside the journals (stele_process.proto).
namespace stele::inline v0::detail {

/// A deadline that is set: the journal of its instance has the command.
struct deadline_place {
    std::string instance;
    std::string name;
    timestamp due;
};

/// Throws stele::error (invalid_argument) if that is no name for a deadline.
void check_deadline_name(std::string_view process, std::string_view name);

document_write put_deadline(std::string_view process, const deadline_place& deadline);
document_write remove_deadline(std::string_view process, const deadline_place& deadline);

/// The one that is due first; nothing when none is set.
std::optional<deadline_place> next_deadline(event_store& store, std::string_view process);

}  // namespace stele::inline v0::detail
