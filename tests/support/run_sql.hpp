#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

/// Runs SQL on a file as another program would, without the library. Creates the file if it does not exist.
inline void run_sql(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    REQUIRE_MESSAGE(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/// Performs `append` as a program with version 0.1 of the library, which does not look for inline projections.
template <class Append>
void append_as_version_0_1(const std::filesystem::path& file, const Append& append) {
    run_sql(file, "ALTER TABLE stele_inline RENAME TO hidden");
    append();
    run_sql(file, "ALTER TABLE hidden RENAME TO stele_inline");
}

/// The first column of the first row that SQL gives on a file, as another program would ask; empty if there is none.
inline std::string ask_sql(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* db = nullptr;
    std::string answer;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    const auto first = [](void* to, int, char** row, char**) {
        if (auto& text = *static_cast<std::string*>(to); text.empty() && row[0] != nullptr) text = row[0];
        return 0;
    };
    CHECK_MESSAGE(sqlite3_exec(db, sql.c_str(), first, &answer, nullptr) == SQLITE_OK, sqlite3_errmsg(db));
    sqlite3_close(db);
    return answer;
}
