#include "eventstore/sqlite/upgrade/other_tables.hpp"

#include "eventstore/sqlite/files/backup.hpp"
#include "eventstore/sqlite/files/format_1.hpp"
#include "eventstore/sqlite/upgrade/rows.hpp"

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

// All but the tables of the library, in either format. Those that list the inline projections belong to them.
constexpr std::string_view of_others =
    "FROM sqlite_schema WHERE tbl_name NOT IN ('streams', 'types', 'events', 'type_blocks', 'documents') AND name NOT "
    "LIKE 'sqlite\\_%' ESCAPE '\\' AND (tbl_name NOT GLOB 'stele_*' OR tbl_name IN ('stele_inline', "
    "'stele_inline_tables'))";

void expect_free_names(connection& old) {
    auto taken = old.prepare(
        "SELECT type, name FROM sqlite_schema WHERE lower(name) GLOB 'stele_*' AND lower(name) NOT IN ('stele_inline', "
        "'stele_inline_tables')");
    if (taken.step())
        throw error(error_kind::needs_upgrade,
                    fmt::format("{}: cannot be upgraded, because somebody has made the {} {} in it, and names that "
                                "begin with stele_ belong to the library; nothing was changed; rename it with the "
                                "sqlite3 program, then open the store again",
                                old.file(), taken.column_bytes(0), taken.column_bytes(1)));
}

}  // namespace

std::vector<std::string> names_of_others(connection& old) {
    expect_free_names(old);
    std::vector<std::string> names;
    auto query = old.prepare(fmt::format("SELECT name {}", of_others));
    while (query.step()) names.emplace_back(query.column_bytes(0));
    return names;
}

void copy_others(connection& old, const upgrade_names& names, const file_owner& owner,
                 const connection_options& options, upgrade_watch& watch) {
    owner.make(names.others);
    {
        connection others(names.others, open_mode::write, options);
        watch.watch(others);
        // Nobody else sees the file, and if anything fails, it is made again.
        others.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
        copy_database(old, others);
        others.execute("PRAGMA journal_mode = OFF");
        for (const auto table : tables_of_format_1) others.execute(fmt::format("DROP TABLE {}", table));
        watch.check();
        auto vacuum = others.prepare("VACUUM INTO ?1");
        vacuum.bind_text(1, names.fresh);
        vacuum.run();
    }
    names.remove_all_but_fresh();
}

void expect_same_others(connection& old, connection& fresh) {
    expect_same_rows(old, fresh, fmt::format("SELECT type, name, tbl_name, sql {} ORDER BY type, name", of_others),
                     "a definition that is not the library's");
    std::vector<std::string> tables;
    {
        // Those without pages are virtual; what they hold is in other tables.
        auto query = old.prepare(fmt::format("SELECT name {} AND type = 'table' AND rootpage > 0", of_others));
        while (query.step()) tables.emplace_back(query.column_bytes(0));
    }
    for (const auto& each : tables)
        expect_same_rows(old, fresh, fmt::format("SELECT * FROM {} NOT INDEXED", name_in_sql(each)),
                         fmt::format("the table {}", each));
}

}  // namespace stele::inline v0::detail
