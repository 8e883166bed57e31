#pragma once

#include <stele/eventstore/event_store.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The deadlines of a process in the order of time: documents beside the journals (stele_process.proto).
namespace stele::inline v0::detail {

/// A deadline and when it is due; the journal of its instance has the command.
struct due_deadline {
    std::string instance;
    std::string name;
    timestamp due;
};

document_write put_deadline(std::string_view process, const due_deadline& deadline);
document_write remove_deadline(std::string_view process, const due_deadline& deadline);

/// The one that is due first, of those whose instance does not wait; nothing if there is none.
std::optional<due_deadline> next_deadline(event_store& store, std::string_view process,
                                          const std::function<bool(const std::string& instance)>& waits);

}  // namespace stele::inline v0::detail
