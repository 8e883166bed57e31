#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/projections/dead_letter.hpp>

#include <set>
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

    /// Whether an event with that key must be queued behind another one.
    [[nodiscard]] bool holds_key(std::string_view key) const { return keys_.contains(key); }
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
    connection& db_;
    statement add_, remove_, note_failure_, keys_query_;
    std::set<std::string, std::less<>> keys_;
    bool added_ = false;  // since the transaction began
    bool keys_are_stale_ = false;
};

}  // namespace stele::inline v0::detail
