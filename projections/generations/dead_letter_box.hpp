#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/projections/dead_letter.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// Returns the dead letters of a generation after a position, in order, at most `limit`.
std::vector<dead_letter> list_dead_letters(connection& db, position after, std::size_t limit);

/// The dead letters of one generation. Every change is part of a transaction of the connection. One thread at a time.
class dead_letter_box {
public:
    explicit dead_letter_box(connection& db);

    /// Whether an event with that key must be queued behind another one, which `is_stored` says is still in the store.
    /// One that was removed holds nothing up. It is asked once in a transaction for each key.
    [[nodiscard]] bool holds_up(std::string_view key, const std::function<bool(position)>& is_stored);
    [[nodiscard]] bool empty() const { return keys_.empty(); }

    void add(const dead_letter& letter);
    /// Returns whether there was one.
    bool remove(position where);
    /// Records that it has failed once more.
    void note_failure(position where, const std::string& error);
    std::vector<dead_letter> list(position after, std::size_t limit) { return list_dead_letters(db_, after, limit); }

    /// Reads the keys again. Call it after removals.
    void reload();
    /// Call these when a transaction begins, and when it was rolled back.
    void begin();
    void rolled_back() noexcept { keys_are_stale_ = keys_are_stale_ || added_; }
    /// Lets begin() reload: for removals that an exception ends.
    void forget_keys() noexcept { keys_are_stale_ = true; }

private:
    struct queue {
        position first;                // of the letters whose events may still be in the store
        std::uint64_t was_stored = 0;  // in that transaction
    };

    connection& db_;
    statement add_, remove_, note_failure_, keys_query_, next_of_key_;
    std::map<std::string, queue, std::less<>> keys_;
    std::uint64_t transaction_ = 1;  // counts them
    bool added_ = false;             // since the transaction began
    bool keys_are_stale_ = false;
};

}  // namespace stele::inline v0::detail
