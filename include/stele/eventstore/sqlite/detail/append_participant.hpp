#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <span>

namespace stele::inline v0::detail {

/// A fault of one append, which leaves the others of its transaction as they are.
struct append_fault {
    std::exception_ptr cause;
};

/// What takes part in every transaction that appends, on the writing connection and before the commit. Called by one
/// thread at a time. After a rollback refresh() is called before anything else is.
class append_participant {
public:
    append_participant() = default;
    append_participant(const append_participant&) = delete;
    append_participant& operator=(const append_participant&) = delete;
    virtual ~append_participant() = default;

    /// A transaction has begun, and others may have written since the last one, up to `head`. What it throws fails all
    /// appends of the transaction.
    virtual void refresh(position head) = 0;
    /// One append has been written, and ended at `results`, one for each write. Throws append_fault to undo that one;
    /// anything else fails all appends of the transaction.
    virtual void appended(std::span<const stream_write> writes, std::span<const append_result> results,
                          timestamp recorded_at) = 0;
    /// The transaction is about to be committed. What it throws fails all appends of it.
    virtual void finish() = 0;
};

/// The way of participants into a store.
struct participation {
    using participant_ptr = std::shared_ptr<append_participant>;

    /// Calls `work` with the writing connection and the participant, in a transaction of its own, and commits. No
    /// append of this process is under way meanwhile. A participant that `work` puts in place of none stays if that
    /// succeeds. If anything throws, the transaction is rolled back.
    static void transact(sqlite_store& store, const std::function<void(connection&, participant_ptr&)>& work);
    /// Calls `work` with the participant, nullptr if there is none, while no append of this process is under way.
    static void look(sqlite_store& store, const std::function<void(const append_participant*)>& work);
    /// Opens a connection that reads the store's file.
    static std::unique_ptr<connection> open_to_read(sqlite_store& store);
};

}  // namespace stele::inline v0::detail
