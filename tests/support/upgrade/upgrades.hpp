#pragma once

#include "support/temp_dir.hpp"
#include "support/upgrade/format_1.hpp"

#include <stele/eventstore/sqlite/detail/upgrade.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace testing {

/// A store of format 1 in a directory of its own, which is closed.
struct old_file {
    temp_dir directory;
    std::filesystem::path file = directory / "bank.db";

    explicit old_file(
        const std::function<void(old_store_writer&)>& fill = [](auto& store) { fill_old_store(store); },
        std::uint64_t seed = 1) {
        old_store_writer store(file, seed);
        fill(store);
    }

    [[nodiscard]] std::filesystem::path kept() const { return file.string() + ".format-1"; }

    /// Without opening it, and without keeping others out of the old file.
    void upgrade(const stele::sqlite_options& options = {}) const {
        static_cast<void>(stele::detail::upgrade_if_needed(file, options));
    }

    /// The names in the directory, in order.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& each : std::filesystem::directory_iterator(directory.path))
            all.push_back(each.path().filename().string());
        std::ranges::sort(all);
        return all;
    }
};

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::int64_t format_of(const std::filesystem::path& file) {
    const auto bytes = bytes_of(file);
    return bytes.size() < 64 ? 0 : static_cast<unsigned char>(bytes[63]);
}

/// What is wrong with the indices of an upgraded store, or nothing.
inline std::string problem_with_indices(const std::filesystem::path& file) {
    struct blob {
        std::string bytes;
        std::size_t at = 0;
        std::int64_t next() {
            std::int64_t number = 0;
            for (int shift = 0; at < bytes.size(); shift += 7) {
                const auto byte = static_cast<unsigned char>(bytes[at++]);
                number |= static_cast<std::int64_t>(byte & 127) << shift;
                if (byte < 128) break;
            }
            return number;
        }
    };
    const plain_database db(file);
    const auto each_row = [&](const char* sql, const auto& use) {
        sqlite3_stmt* query = nullptr;
        REQUIRE(sqlite3_prepare_v2(db.handle(), sql, -1, &query, nullptr) == SQLITE_OK);
        while (sqlite3_step(query) == SQLITE_ROW) use(query);
        sqlite3_finalize(query);
    };
    const auto bytes = [](sqlite3_stmt* query, int column) {
        return std::string(static_cast<const char*>(sqlite3_column_blob(query, column)),
                           static_cast<std::size_t>(sqlite3_column_bytes(query, column)));
    };
    db.execute("CREATE TEMP TABLE found (stream, version, position, PRIMARY KEY (stream, version))");
    db.execute("CREATE TEMP TABLE ids (position, tail)");
    std::string problem;
    each_row("SELECT stream, version, positions FROM stele_stream_runs", [&](sqlite3_stmt* row) {
        blob run{bytes(row, 2)};
        auto version = sqlite3_column_int64(row, 1);
        int count = 0;
        for (std::int64_t position = 0; run.at < run.bytes.size(); ++count)
            db.execute("INSERT INTO found VALUES (" + std::to_string(sqlite3_column_int64(row, 0)) + ", " +
                       std::to_string(version++) + ", " + std::to_string(position += run.next()) + ")");
        if (count < 1 || count > 256) problem = "a run of " + std::to_string(count);
    });
    each_row("SELECT id, checks FROM stele_id_blocks", [&](sqlite3_stmt* row) {
        blob block{bytes(row, 1)};
        int count = 0;
        for (std::int64_t position = 0; block.at < block.bytes.size(); ++count) {
            position += block.next();
            const auto tail = block.bytes.substr(block.at, 2);
            block.at += 2;
            char hex[5];
            std::snprintf(hex, sizeof hex, "%02x%02x", static_cast<unsigned char>(tail[0]),
                          static_cast<unsigned char>(tail[1]));
            db.execute("INSERT INTO ids VALUES (" + std::to_string(position) + ", x'" + hex + "')");
            if (count == 0 && db.integer("SELECT count(*) FROM events, stele_id_blocks AS b WHERE b.id = events.id AND "
                                         "position = " +
                                         std::to_string(position)) != 1)
                problem = "a block begins with another id";
        }
        if (count < 1 || count > 64) problem = "a block of " + std::to_string(count);
    });
    for (const auto& [what, wrong] : {
             std::pair{
                 "streams",
                 "SELECT count(*) FROM (SELECT stream, version, position FROM events EXCEPT SELECT * FROM found)"},
             {"more streams", "SELECT (SELECT count(*) FROM found) - (SELECT count(*) FROM events)"},
             {"ids in order",
              "SELECT count(*) FROM (SELECT position, substr(id, 15) FROM events WHERE flags & 2 = 2 EXCEPT SELECT * "
              "FROM ids)"},
             {"more ids in order",
              "SELECT (SELECT count(*) FROM ids) - (SELECT count(*) FROM events WHERE flags & 2 = 2)"},
             {"ids out of order",
              "SELECT count(*) FROM (SELECT id, position FROM events WHERE flags & 2 = 0 EXCEPT SELECT * FROM "
              "stele_event_ids)"},
             {"more ids out of order",
              "SELECT (SELECT count(*) FROM stele_event_ids) - (SELECT count(*) FROM events WHERE flags & 2 = 0)"},
             {"flags",
              "SELECT count(*) FROM (SELECT flags, tags, id > coalesce(max(id) OVER (ORDER BY position ROWS BETWEEN "
              "UNBOUNDED PRECEDING AND 1 PRECEDING), x'') AS above FROM events) WHERE flags >> 1 <> above OR tags IS "
              "NOT NULL"},
             {"the watermark",
              "SELECT count(*) <> 1 FROM stele_merge WHERE (id, merged_up_to, merging_up_to, phase, after) = (SELECT "
              "1, last, last, 0, x'' FROM (SELECT coalesce(max(position), 0) AS last FROM events)) AND greatest_id = "
              "(SELECT coalesce(max(id), zeroblob(16)) FROM events)"},
             {"the identity",
              "SELECT count(*) <> 1 FROM stele_store WHERE name = 'id' AND length(value) = 16 AND value <> "
              "zeroblob(16)"},
         })
        if (db.integer(wrong) != 0) problem = what;
    if (const auto sound = db.rows("PRAGMA integrity_check"); sound != "ok|\n") problem = sound;
    return problem;
}

}  // namespace testing
