#pragma once

#include <stele/eventstore/event_store.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

/// The one that comes first after a key, of those that are not passed over; nothing if there is none. `after` becomes
/// the key of the last one that was passed over. The order is that of due times, then of instances, then of names.
std::optional<due_deadline> next_deadline(event_store& store, std::string_view process, std::string& after,
                                          const std::function<bool(const due_deadline&)>& passes_over);

/// What becomes of the deadlines of a process while nobody looks at the clock: it begins with those that are due at its
/// time. A deadline that is set again fires again in the same round if it is due later than before: standing orders of
/// missed months are caught up, and a process which sets one again and again for the same time does not keep everything
/// else from its turn.
struct deadline_round {
    bool is_begun = false;
    timestamp now = {};
    std::string after = {};  ///< Up to this key everything has fired or waits.
    std::map<std::pair<std::string, std::string>, timestamp> fired = {};  ///< By instance and name: when it was due.
    std::map<std::string, position> letters = {};                         ///< As it begins: last_dead_letters().

    /// Whether it fired in this round, due then or later.
    [[nodiscard]] bool has_fired(const due_deadline& deadline) const;

    /// A deadline was set: it may be one of those that are due.
    void set(std::string_view process, const due_deadline& deadline);
};

}  // namespace stele::inline v0::detail
