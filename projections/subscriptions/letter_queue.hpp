#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/dead_letter.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// Where the dead letters of a subscription are, by key, so that later events queue behind them. In memory; the letters
/// themselves are in the store. One thread at a time.
class letter_queue {
public:
    letter_queue() = default;
    /// Reads the letters of the subscription. Throws what the store throws, undecodable and corrupt.
    letter_queue(event_store& store, std::string_view name);

    void add(const std::string& key, position where) { letters_[key].insert(where); }
    void remove(const std::string& key, position where);
    /// Whether an event with that key must wait: behind a letter whose event is still in the store. One that was
    /// removed holds nothing up.
    [[nodiscard]] bool holds_up(event_store& store, std::string_view key);
    [[nodiscard]] bool empty() const noexcept { return letters_.empty(); }

private:
    std::map<std::string, std::set<position>, std::less<>> letters_;
};

}  // namespace stele::inline v0::detail
