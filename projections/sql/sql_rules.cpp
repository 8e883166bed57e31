#include "projections/sql/sql_rules.hpp"

#include <stele/eventstore/sqlite/detail/file_format.hpp>

#include <sqlite3.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

// SQLite does not tell upper case from lower.
bool is_reserved(std::string_view name) {
    constexpr std::string_view prefix = "stele_";
    return name.size() >= prefix.size() &&
           sqlite3_strnicmp(name.data(), prefix.data(), static_cast<int>(prefix.size())) == 0;
}

// What virtual tables (FTS3, FTS4, FTS5, R-Tree) ask on their own while a statement is prepared that uses them. Setting
// these needs a value.
bool only_asks(std::string_view pragma, std::string_view value) {
    return value.empty() && (pragma == "data_version" || pragma == "page_size");
}

}  // namespace

bool changes_schema(int action) {
    switch (action) {
        case SQLITE_CREATE_INDEX:
        case SQLITE_CREATE_TABLE:
        case SQLITE_CREATE_TEMP_INDEX:
        case SQLITE_CREATE_TEMP_TABLE:
        case SQLITE_CREATE_TEMP_TRIGGER:
        case SQLITE_CREATE_TEMP_VIEW:
        case SQLITE_CREATE_TRIGGER:
        case SQLITE_CREATE_VIEW:
        case SQLITE_CREATE_VTABLE:
        case SQLITE_DROP_INDEX:
        case SQLITE_DROP_TABLE:
        case SQLITE_DROP_TRIGGER:
        case SQLITE_DROP_VIEW:
        case SQLITE_DROP_VTABLE:
        case SQLITE_ALTER_TABLE: return true;
        default: return false;
    }
}

const char* refusal_of(sql_rights rights, int action, std::string_view first, std::string_view second) {
    const auto reserved = [](std::string_view table) {
        return is_reserved(table) ? "tables whose name begins with stele_ belong to the runner" : nullptr;
    };
    switch (action) {
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
            return rights == sql_rights::read ? "attach another read model with read_model::attach()"
                                              : "a projection reads and writes only its own file";
        case SQLITE_TRANSACTION:
        case SQLITE_SAVEPOINT:
            return rights == sql_rights::read ? nullptr
                                              : "the runner begins and ends the transaction; a handler that cannot "
                                                "continue throws";
        case SQLITE_PRAGMA:
            return rights == sql_rights::read || only_asks(first, second)
                       ? nullptr
                       : "a projection sets no PRAGMA; to read one, SELECT from pragma_NAME()";
        case SQLITE_INSERT:
        case SQLITE_UPDATE:
        case SQLITE_DELETE: return reserved(first);
        default: break;
    }
    if (!changes_schema(action)) return nullptr;
    const auto* const refusal = reserved(first);
    return refusal != nullptr ? refusal : reserved(second);
}

const char* refusal_of_foreign_table(const table_names& own, int action, std::string_view first,
                                     std::string_view second) {
    const auto unless_own = [&](std::string_view table) {
        const bool fine = own.contains(table) || table == "sqlite_master" || table == "sqlite_schema";
        return fine ? nullptr : "an inline projection writes only to the tables that its create() makes";
    };
    switch (action) {
        case SQLITE_READ:
            return std::ranges::find(store_tables, first) != store_tables.end() || is_reserved(first)
                       ? "an inline projection reads only the tables of projections"
                       : nullptr;
        case SQLITE_INSERT:
        case SQLITE_UPDATE:
        case SQLITE_DELETE:
        case SQLITE_CREATE_TABLE:
        case SQLITE_CREATE_VIEW:
        case SQLITE_CREATE_VTABLE: return unless_own(first);
        case SQLITE_CREATE_INDEX:
        case SQLITE_CREATE_TRIGGER: return unless_own(second);
        case SQLITE_PRAGMA:  // refused by refusal_of(), but for those that only ask
        case SQLITE_SELECT:
        case SQLITE_FUNCTION:
        case SQLITE_RECURSIVE:
        case SQLITE_REINDEX: return nullptr;
        default: return "an inline projection makes its tables in create() and does not drop or alter them";
    }
}

}  // namespace stele::inline v0::detail
