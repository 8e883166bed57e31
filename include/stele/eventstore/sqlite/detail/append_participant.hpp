#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// A fault of one append that leaves the other appends of its transaction as they are.
struct append_fault {
    std::exception_ptr cause;
};

/// Takes part in every transaction that appends, on the writing connection and before the commit. Called by one thread
/// at a time. After a rollback, refresh() is called before anything else.
class append_participant {
public:
    append_participant() = default;
    append_participant(const append_participant&) = delete;
    append_participant& operator=(const append_participant&) = delete;
    virtual ~append_participant() = default;

    /// Whether it applies the inline projection of this name, which the file lists.
    [[nodiscard]] virtual bool has(std::string_view name) const = 0;
    /// A transaction that appends has begun, and others may have written since the last one, up to `head`. An exception
    /// fails all appends of the transaction.
    virtual void refresh(position head) = 0;
    /// One append has been written and ended at `results`, one for each write. Throwing append_fault undoes only this
    /// append; any other exception fails all appends of the transaction.
    virtual void appended(std::span<const stream_write> writes, std::span<const append_result> results,
                          timestamp recorded_at) = 0;
    /// The transaction is about to be committed. An exception fails all its appends.
    virtual void finish() = 0;
};

/// If the file lists inline projections that the participant (nullptr: none) does not apply, says which, and what to
/// do. Their tables would miss an append, and their rules would not be asked. Empty if there are none.
std::string missing_inline_projections(connection& db, const append_participant* participant);

/// The part of a store that participants use. It belongs to the store and stays where it is when the handle moves.
class append_host {
public:
    using participant_ptr = std::shared_ptr<append_participant>;
    /// Gets the store to read from, the writing connection, and the current participant (nullptr if there is none). A
    /// participant that it sets joins the store if the transaction commits. Both references outlive the participant.
    using transaction = std::function<void(event_store&, connection&, participant_ptr&)>;

    virtual ~append_host() = default;

    /// Calls `work` in a transaction of its own and commits. No append of this process runs meanwhile. If anything
    /// throws, the transaction is rolled back. The participant is not refreshed before: one that cannot follow can
    /// still be replaced.
    virtual void transact(const transaction& work) = 0;
    /// Calls `look` with the participant, nullptr if there is none, while no append of this process runs.
    virtual void look(const std::function<void(const append_participant*)>& look) = 0;
    /// Calls `use` with a connection that reads the store's file: once more if what it has read cannot be relied on,
    /// because somebody has begun to write a file that was opened read-only.
    virtual void read(const std::function<void(connection&)>& use) = 0;
};

}  // namespace stele::inline v0::detail
