#include "eventstore/sqlite/files/definitions.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {

std::vector<definition> definitions_of(const char* statements) {
    connection db{":memory:", open_mode::create};
    db.execute(statements);
    std::vector<definition> all;
    auto query = db.prepare("SELECT name, type || tbl_name || coalesce(sql, '') FROM sqlite_schema");
    while (query.step()) all.push_back({std::string(query.column_bytes(0)), std::string(query.column_bytes(1))});
    return all;
}

void expect_definitions(connection& db, std::span<const definition> expected, std::int64_t format) {
    auto query = db.prepare("SELECT type || tbl_name || coalesce(sql, '') FROM sqlite_schema WHERE name = ?1");
    for (const auto& [name, text] : expected) {
        const reset_guard reset(query);
        query.bind_text(1, name);
        if (!query.step() || query.column_bytes(0) != text)
            throw db.damage(
                fmt::format("the definition of {} is not that of file format {}; nothing was changed", name, format));
    }
}

void expect_nothing_added(connection& db) {
    auto query = db.prepare(
        "SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL "
        "AND (lower(tbl_name) IN ('streams', 'types', 'events', 'type_blocks', 'documents') OR lower(tbl_name) GLOB "
        "'stele_*')");
    if (query.step())
        throw error(
            error_kind::corrupt,
            fmt::format("{}: somebody has added the {} {} to the table {}, so what is appended may not be what "
                        "is stored; nothing was changed; drop it with the sqlite3 program, and look for what it "
                        "has done with sqlite_store::verify",
                        db.file(), query.column_bytes(0), query.column_bytes(1), query.column_bytes(2)));
}

}  // namespace stele::inline v0::detail
