#pragma once

#include <stele/eventstore/event_store.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// What was removed from the journals of one process, read from the store's records of removals. Any thread may call
/// anything.
class journal_removals {
public:
    /// Reads nothing yet. The store must outlive it.
    journal_removals(event_store& store, std::string_view process);

    /// Reads the records of removals since the last call. Returns the position of the last record of all: of any
    /// stream, not only of journals; 0 if there is none. Throws what the store throws.
    position read();

    /// What was removed from one journal: positions of the records, 0 for none.
    struct removal {
        position last = {};      ///< The last record that tells of it.
        position deleted = {};   ///< The last that tells that all of it was removed.
        bool is_closed = false;  ///< It was tombstoned.
    };
    [[nodiscard]] removal of(std::string_view instance) const;

private:
    void note(const recorded_event& record);

    event_store& store_;
    const std::string prefix_;

    mutable std::mutex mutex_;  // guards the members below
    position read_;
    position last_;
    std::map<std::string, removal, std::less<>> removals_;  // by instance
};

}  // namespace stele::inline v0::detail
