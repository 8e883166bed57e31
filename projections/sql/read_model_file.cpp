// The file format of a read model. Every number and name here is part of it: never change one, only add, with a new
// format number. Beside these tables stand those of the projection.
//
//   stele_projection   one row: whose read model this is and how far it has come
//     version, fingerprint   of the projection that built it; another one must build another generation
//     checkpoint             every event up to this position has been seen, no later one has
//     witness_*              the last event that was read; a store that does not have it is another store
//     seen …                 how many events; the check is the promise that none is dropped silently
//     complete               1 once it has been at the head of the store: it may serve
//   stele_dead_letters  events that the projection could not apply, and those queued behind them
//     key       events of one key keep their order
//     attempts  0: never tried, it is queued behind an earlier event of its key

#include "projections/sql/read_model_file.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>

#include <fmt/format.h>

#include <cstring>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

constexpr std::int64_t application_id = 0x53544C52;  // "STLR"
constexpr std::int64_t format_version = 1;

constexpr const char* tables = R"(
CREATE TABLE stele_projection (
  id                  INTEGER PRIMARY KEY CHECK (id = 1),
  name                TEXT NOT NULL,
  version             INTEGER NOT NULL,
  fingerprint         TEXT NOT NULL,
  checkpoint          INTEGER NOT NULL DEFAULT 0,
  witness_position    INTEGER NOT NULL DEFAULT 0,
  witness_id          BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(witness_id) = 16),
  witness_recorded_at INTEGER NOT NULL DEFAULT 0,
  seen                INTEGER NOT NULL DEFAULT 0,
  applied             INTEGER NOT NULL DEFAULT 0,
  ignored             INTEGER NOT NULL DEFAULT 0,
  dead_lettered       INTEGER NOT NULL DEFAULT 0,
  complete            INTEGER NOT NULL DEFAULT 0,
  CHECK (seen = applied + ignored + dead_lettered)
) STRICT;
CREATE TABLE stele_dead_letters (
  position  INTEGER PRIMARY KEY,
  key       TEXT NOT NULL,
  stream    TEXT NOT NULL,
  type      TEXT NOT NULL,
  attempts  INTEGER NOT NULL,
  error     TEXT NOT NULL,
  failed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX stele_dead_letters_by_key ON stele_dead_letters (key, position);
)";

void expect_file(const std::filesystem::path& file) {
    expect_name_of_database(file, "read model");
    if (!size_of(file))
        throw error{
            error_kind::io,
            fmt::format("{}: there is no such read model; run its projection runner to create it", file.string())};
}

// The numbers are in the main file from the first day, so it can be judged without touching it.
void check_format(const std::filesystem::path& file, const connection_options& options) {
    const auto header = read_file_header(file, options);
    const bool is_blank =
        header.kind == file_header::content::sqlite && header.application_id == 0 && !header.has_tables;
    if (header.kind == file_header::content::nothing || header.kind == file_header::content::unwritten || is_blank)
        throw error{error_kind::corrupt,
                    fmt::format("{}: is empty, its making was interrupted; it was left untouched; rebuild the "
                                "projection",
                                file.string())};
    if (what_it_leads_to(file) == "a directory")
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is a directory; name the read model in it, as DIRECTORY/NAME.db", file.string())};
    if (header.kind != file_header::content::sqlite)
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is not an SQLite file; it was left untouched; check the name, or move it away",
                                file.string())};
    const auto application = header.application_id;
    const auto format = header.user_version;
    if (application != application_id)
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is an SQLite file, but not a read model (application id {:#x}, expected {:#x}); "
                                "it was left untouched; check the name, or move it away",
                                file.string(), application, application_id)};
    if (format < 1)
        throw wrong_number(fmt::format("{}: the number of its format", file.string()), std::to_string(format));
    if (format > format_version)
        throw error{error_kind::newer_format,
                    fmt::format("{}: has read model format {}, this library knows up to {}; it was left untouched; use "
                                "a newer version of Stele, or remove the file and rebuild the projection",
                                file.string(), format, format_version)};
}

}  // namespace

std::unique_ptr<connection> create_read_model(const std::filesystem::path& file, const projection_identity& identity,
                                              const connection_options& options) {
    if (is_there(file))
        throw error{error_kind::io, fmt::format("{}: exists already; it was left untouched", file.string())};
    auto db = std::make_unique<connection>(file, open_mode::create, options);
    // Nobody knows the file before it is finished: there is nothing to roll back to, so no journal on the disk.
    db->execute("PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE");
    db->execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, format_version));
    db->execute(tables);
    auto insert = db->prepare("INSERT INTO stele_projection (id, name, version, fingerprint) VALUES (1, ?1, ?2, ?3)");
    insert.bind_text(1, identity.name);
    insert.bind(2, identity.version);
    insert.bind_text(3, identity.fingerprint);
    insert.run();
    return db;
}

bool is_foreign(const std::filesystem::path& file, const connection_options& options) {
    try {
        check_format(file, options);
        return false;
    } catch (const error& fault) {
        if (fault.kind() == error_kind::foreign_file) return true;
        if (fault.kind() == error_kind::corrupt || fault.kind() == error_kind::newer_format) return false;
        throw;
    }
}

void finish_creation(connection& db) {
    db.execute("COMMIT; PRAGMA journal_mode = WAL");
    use_for_writing(db);
}

void use_for_writing(connection& db) {
    // A power cut takes back rows and checkpoint together: the events are applied again.
    // What a batch changes must not depend on the room for temporary files.
    db.execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY");
}

read_file open_read_model(const std::filesystem::path& file, const connection_options& options) {
    expect_file(file);
    check_format(file, options);
    return open_to_read(file, options);
}

void with_read_model(const std::filesystem::path& file, const connection_options& options,
                     const std::function<void(connection&)>& use) {
    expect_file(file);
    check_format(file, options);
    read_with(file, options, use);
}

read_file open_to_query(const std::filesystem::path& file, const connection_options& options) {
    expect_name_of_database(file, "read model");
    if (read_file_header(file, options).application_id != event_store_application_id)
        return open_read_model(file, options);
    expect_one_name(file);
    inspect(file, options);
    auto opened = open_to_read(file, options);
    if (!opened.db->has_table("stele_inline"))
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is an event store without inline projections; add one (inline_projections::add), "
                                "or give the read model of a projection runner: DIRECTORY/NAME.db",
                                file.string())};
    return opened;
}

bool is_event_store(connection& db) {
    return db.integer("PRAGMA application_id") == event_store_application_id;
}

std::unique_ptr<connection> open_read_model_to_write(const std::filesystem::path& file,
                                                     const connection_options& options) {
    expect_file(file);
    check_format(file, options);
    auto db = std::make_unique<connection>(file, open_mode::write, options);
    use_for_writing(*db);
    return db;
}

generation_record read_record(connection& db) {
    auto row = db.prepare(
        "SELECT name, version, fingerprint, checkpoint, witness_position, witness_id, witness_recorded_at, seen, "
        "applied, ignored, dead_lettered, complete FROM stele_projection");
    if (!row.step() || row.column_bytes(5).size() != sizeof(uuid::bytes))
        throw error{error_kind::corrupt, fmt::format("{}: does not say whose read model it is; the file is damaged; "
                                                     "rebuild the projection",
                                                     db.file())};
    generation_record record;
    record.identity = {std::string{row.column_bytes(0)}, row.column_int64(1), std::string{row.column_bytes(2)}};
    auto& progress = record.progress;
    progress.checkpoint.value = row.column_number(3);
    progress.last_seen.position.value = row.column_number(4);
    std::memcpy(progress.last_seen.id.bytes.data(), row.column_bytes(5).data(), sizeof(uuid::bytes));
    progress.last_seen.recorded_at = timestamp{std::chrono::microseconds{row.column_int64(6)}};
    progress.seen = row.column_number(7);
    progress.applied = row.column_number(8);
    progress.ignored = row.column_number(9);
    progress.dead_lettered = row.column_number(10);
    progress.complete = row.column_int64(11) != 0;
    if (progress.seen != progress.applied + progress.ignored + progress.dead_lettered ||
        progress.last_seen.position > progress.checkpoint)
        throw error{error_kind::corrupt,
                    fmt::format("{}: the numbers of events that it has seen contradict one another; the file is "
                                "damaged; rebuild the projection",
                                db.file())};
    return record;
}

}  // namespace stele::inline v0::detail
