#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/hashtree/tree_hash.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace stele::inline v0::detail {

/// The leaves of stored events, computed from their rows. One thread at a time, in a transaction.
class leaf_rows {
public:
    explicit leaf_rows(connection& db);

    /// Begins with the event after `after`, and ends with the one at `up_to`; and at the latest with the result.
    [[nodiscard]] reset_guard read(std::uint64_t after, std::uint64_t up_to);
    /// Goes to the next event that is stored; false at the end.
    bool next();
    [[nodiscard]] std::uint64_t position() const;
    /// The leaf of this event. If its row is none that is ever written, says why, for the end of a sentence about it.
    [[nodiscard]] std::expected<tree_hash, std::string> leaf();

private:
    // The names in a table, by id. They never change, and are looked at once they are committed.
    class stored_names {
    public:
        explicit stored_names(statement query) : query_(std::move(query)) {}
        // Null if there is none. Good until the next call.
        [[nodiscard]] const std::string* find(std::int64_t id);

    private:
        statement query_;
        std::unordered_map<std::int64_t, std::string> known_;
    };

    [[nodiscard]] std::expected<recorded_event, std::string> event();
    [[nodiscard]] std::expected<tag_list, std::string> tags(std::string_view ids);

    statement query_;
    stored_names streams_, types_, tags_;
};

}  // namespace stele::inline v0::detail
