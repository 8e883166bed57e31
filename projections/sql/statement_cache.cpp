#include "projections/sql/statement_cache.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// SQLite prepares the first statement of a text and says nothing about the rest.
void refuse_rest(connection& db, std::string_view sql, const statement& first) {
    if (first.handle() == nullptr)
        throw error{error_kind::invalid_argument, fmt::format("{}: there is no SQL statement in '{}'", db.file(), sql)};
    const std::string_view used = sqlite3_sql(first.handle());
    const auto rest = sql.substr(std::min(used.size(), sql.size()));
    if (rest.find_first_not_of(" \t\r\n;") == std::string_view::npos) return;
    if (db.prepare(rest).handle() == nullptr) return;  // a comment
    throw error{error_kind::invalid_argument,
                fmt::format("{}: more than one SQL statement in '{}'; run one at a time, or use execute_script",
                            db.file(), sql)};
}

}  // namespace

cached_statement::cached_statement(connection& db, std::string_view text)
    : sql(text), prepared(db.prepare(sql)), parameters(0), columns(0), read_only(true) {
    refuse_rest(db, sql, prepared);
    parameters = static_cast<std::size_t>(prepared.parameter_count());
    columns = static_cast<std::size_t>(prepared.column_count());
    read_only = sqlite3_stmt_readonly(prepared.handle()) != 0;
}

std::size_t statement_cache::slot_of(std::string_view sql) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
    const auto mixed = (address ^ (sql.size() << 20U)) * std::uintptr_t{0x9E3779B97F4A7C15U};
    return mixed >> (sizeof(std::uintptr_t) * 8 - 6);
}

cached_statement* statement_cache::find(std::string_view sql) noexcept {
    auto& slot = by_address_[slot_of(sql)];
    if (slot.statement != nullptr && slot.data == sql.data() && slot.size == sql.size() &&
        std::memcmp(slot.statement->sql.data(), sql.data(), sql.size()) == 0)
        return slot.statement;
    const auto found = by_text_.find(sql);
    if (found == by_text_.end()) return nullptr;
    slot = {sql.data(), sql.size(), found->second.get()};
    return found->second.get();
}

cached_statement& statement_cache::add(std::unique_ptr<cached_statement> statement, std::string_view sql) {
    if (by_text_.size() >= capacity) {
        by_address_.fill({});
        std::erase_if(by_text_, [](const auto& entry) { return !entry.second->in_use; });
    }
    auto& added = *statement;
    by_text_.emplace(std::string_view{added.sql}, std::move(statement));
    by_address_[slot_of(sql)] = {sql.data(), sql.size(), &added};
    return added;
}

void statement_cache::clear() noexcept {
    by_address_.fill({});
    by_text_.clear();
}

}  // namespace stele::inline v0::detail
