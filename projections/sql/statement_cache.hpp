#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stele::inline v0::detail {

/// A prepared statement with its text and the facts about it that do not change.
struct cached_statement {
    /// Throws invalid_argument if `text` does not parse or is not exactly one statement.
    cached_statement(connection& db, std::string_view text);

    std::string sql;
    statement prepared;
    std::size_t parameters;
    std::size_t columns;
    bool read_only;
    bool in_use = false;
    std::uint64_t schema = 0;  ///< sql_session: after how many changes of the schema it was checked.
};

/// The statements of one connection, found by their text.
///
/// SQL is mostly a literal, which its address identifies: the first look-up goes to a small table by address and
/// length, and a comparison with the stored text confirms it (a buffer may have been refilled). Only if that fails is
/// the text hashed. The number of statements is bounded, for callers who put values into the text.
class statement_cache {
public:
    static constexpr std::size_t capacity = 256;

    /// Null if there is none with the text.
    cached_statement* find(std::string_view sql) noexcept;
    /// Adds one that find() did not find. When the cache is full, first removes all that are not in use.
    cached_statement& add(std::unique_ptr<cached_statement> statement, std::string_view sql);
    /// None may be in use.
    void clear() noexcept;

private:
    struct address_slot {
        const char* data = nullptr;
        std::size_t size = 0;
        cached_statement* statement = nullptr;
    };
    static std::size_t slot_of(std::string_view sql) noexcept;

    std::array<address_slot, 64> by_address_{};
    // The keys are the texts in the statements.
    std::unordered_map<std::string_view, std::unique_ptr<cached_statement>> by_text_;
};

}  // namespace stele::inline v0::detail
