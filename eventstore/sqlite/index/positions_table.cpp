// A table-valued function of SQLite (an eponymous-only virtual table, https://www.sqlite.org/vtab.html#epovtab) over a
// list of the program's, which comes in as a pointer (https://www.sqlite.org/bindptr.html), as carray does it.

#include "eventstore/sqlite/index/positions_table.hpp"

#include "eventstore/sqlite/index/runs.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {
namespace {

using list = std::span<const std::int64_t>;
constexpr const char* kind_of_pointer = "stele_positions";
enum column_number : int { position_column, ordinal_column, behind_column, list_column, behind_bytes_column };

// Goes through a list of the program's, or through a run.
struct cursor : sqlite3_vtab_cursor {
    list given;
    std::string run;
    std::optional<run_reader> rest;  // if it goes through a run
    std::size_t behind_bytes = 0;

    std::int64_t ordinal = 0;
    std::optional<std::int64_t> position;  // none: at the end
    std::string_view behind;

    int go_to(std::int64_t next) {
        ordinal = next;
        if (rest) {
            position = rest->next();
            if (position) behind = rest->take(behind_bytes);
            return rest->is_damaged() ? SQLITE_CORRUPT : SQLITE_OK;
        }
        position.reset();
        if (ordinal < std::ssize(given)) position = given[static_cast<std::size_t>(ordinal)];
        return SQLITE_OK;
    }
};

cursor& of(sqlite3_vtab_cursor* base) {
    return *static_cast<cursor*>(base);
}

int connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** table, char**) {
    *table = new (std::nothrow) sqlite3_vtab{};
    if (*table == nullptr) return SQLITE_NOMEM;
    const int code = sqlite3_declare_vtab(
        db, "CREATE TABLE x(position INTEGER, ordinal INTEGER, behind BLOB, list HIDDEN, behind_bytes HIDDEN)");
    if (code != SQLITE_OK) {
        delete *table;
        *table = nullptr;
    }
    return code;
}

int disconnect(sqlite3_vtab* table) {
    delete table;
    return SQLITE_OK;
}

// The list must be given, so it is looked up first.
int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
    constexpr int usual_length = 100;
    int given = 0;
    for (const int wanted : {list_column, behind_bytes_column})
        for (int i = 0; i < info->nConstraint; ++i) {
            const auto& each = info->aConstraint[i];
            if (each.iColumn != wanted || each.usable == 0 || each.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
            info->aConstraintUsage[i].argvIndex = ++given;
            info->aConstraintUsage[i].omit = 1;
            break;
        }
    info->estimatedCost = usual_length;
    info->estimatedRows = usual_length;
    return given == 0 ? SQLITE_CONSTRAINT : SQLITE_OK;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** opened) {
    *opened = new (std::nothrow) cursor{};
    return *opened == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close(sqlite3_vtab_cursor* closed) {
    delete static_cast<cursor*>(closed);
    return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** arguments) try {
    auto& opened = of(base);
    const auto* const given = static_cast<const list*>(sqlite3_value_pointer(arguments[0], kind_of_pointer));
    opened.given = given == nullptr ? list{} : *given;
    opened.rest.reset();
    opened.behind_bytes = count > 1 ? static_cast<std::size_t>(sqlite3_value_int(arguments[1])) : 0;
    if (sqlite3_value_type(arguments[0]) == SQLITE_BLOB) {
        const auto* const bytes = static_cast<const char*>(sqlite3_value_blob(arguments[0]));
        opened.run.assign(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_value_bytes(arguments[0])));
        opened.rest.emplace(opened.run);
    }
    return opened.go_to(0);
} catch (...) {
    return SQLITE_NOMEM;
}

int next(sqlite3_vtab_cursor* base) {
    return of(base).go_to(of(base).ordinal + 1);
}

int is_at_end(sqlite3_vtab_cursor* base) {
    return of(base).position ? 0 : 1;
}

int column(sqlite3_vtab_cursor* base, sqlite3_context* result, int number) {
    const auto& row = of(base);
    if (number == position_column)
        sqlite3_result_int64(result, *row.position);
    else if (number == ordinal_column)
        sqlite3_result_int64(result, row.ordinal);
    else if (number == behind_column)
        sqlite3_result_blob(result, row.behind.data(), static_cast<int>(row.behind.size()), SQLITE_TRANSIENT);
    return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* base, sqlite3_int64* id) {
    *id = of(base).ordinal;
    return SQLITE_OK;
}

// Without xCreate it cannot be made a table of the file.
constexpr sqlite3_module module_of_positions = [] {
    sqlite3_module made{};
    made.xConnect = connect;
    made.xBestIndex = best_index;
    made.xDisconnect = disconnect;
    made.xOpen = open;
    made.xClose = close;
    made.xFilter = filter;
    made.xNext = next;
    made.xEof = is_at_end;
    made.xColumn = column;
    made.xRowid = row_id;
    return made;
}();

}  // namespace

void add_positions_table(connection& db) {
    if (sqlite3_create_module(db.handle(), "stele_positions", &module_of_positions, nullptr) != SQLITE_OK)
        throw db.last_error("prepare");
}

void bind_positions(statement& query, int parameter, const std::span<const std::int64_t>& positions) {
    // SQLite hands the pointer back to filter(), which only reads.
    auto* const pointer = const_cast<list*>(&positions);
    if (sqlite3_bind_pointer(query.handle(), parameter, pointer, kind_of_pointer, nullptr) != SQLITE_OK)
        throw error(error_kind::io, "SQLite has not taken a list of positions");
}

}  // namespace stele::inline v0::detail
