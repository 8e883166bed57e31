#include "projections/generations/generation.hpp"

#include "projections/sql/sql_session.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {
namespace {

// FNV-1a: finds accidental differences between texts, which is enough here.
std::uint64_t hash(std::string_view text, std::uint64_t seed = 0xCBF29CE484222325U) {
    for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return seed;
}

std::uint64_t hash_of_events(const event_table& events) {
    // A table is sorted by name, so the order of declaration does not matter.
    std::uint64_t value = hash("");
    for (std::size_t i = 0; i < events.size(); ++i) value = hash("\n", hash(events[i].type, value));
    for (const auto& category : events.categories()) value = hash("\n", hash(category, hash("category ", value)));
    for (const auto tag : events.tags()) value = hash("\n", hash(tag, hash("tag ", value)));
    return value;
}

std::uint64_t hash_of_tables(const projection_definition& definition) {
    auto db = read_model::in_memory();
    try {
        definition.create(db);
    } catch (...) {
        throw_with(fmt::format("projection {}: create() failed", definition.name));
    }
    std::uint64_t value = hash("");
    for (auto [sql] :
         db.query<std::string>("SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")) {
        // Reindented SQL makes the same tables.
        std::erase_if(sql, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
        value = hash("\n", hash(sql, value));
    }
    return value;
}

std::int64_t as_integer(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

}  // namespace

projection_identity identity_of(const projection_definition& definition) {
    return {
        std::string{definition.name}, definition.version,
        fmt::format("events {:016x} tables {:016x}", hash_of_events(*definition.events), hash_of_tables(definition))};
}

struct generation::statements {
    explicit statements(connection& db)
        : begin(db.prepare("BEGIN IMMEDIATE")),
          commit(db.prepare("COMMIT")),
          store_progress(db.prepare(
              "UPDATE stele_projection SET checkpoint = ?1, witness_position = ?2, witness_id = ?3, "
              "witness_recorded_at = ?4, seen = ?5, applied = ?6, ignored = ?7, dead_lettered = ?8, complete = ?9")),
          letters(db) {}

    statement begin, commit, store_progress;
    dead_letter_box letters;
};

generation::generation(const runner_directory& directory, std::unique_ptr<connection> db)
    : directory_(&directory),
      model_(sql_session::writer(std::move(db))),
      record_(read_record(this->db())),
      place_(file().string()),
      statements_(std::make_unique<statements>(this->db())) {}

generation::generation(generation&&) noexcept = default;
generation::~generation() = default;

generation& generation::operator=(generation&& other) noexcept {
    statements_ = std::move(other.statements_);  // the old ones go before their connection does
    directory_ = other.directory_;
    model_ = std::move(other.model_);
    record_ = std::move(other.record_);
    place_ = std::move(other.place_);
    return *this;
}

void generation::expect_in_place() const {
    if (place_.are_in_place()) return;
    throw error{
        error_kind::io,
        fmt::format("{}: the read model, or its -wal or -shm, was moved, deleted or replaced while its runner had it "
                    "open; nothing is written to it any more; destroy the projection_runner and make another, which "
                    "builds what is missing",
                    file().string())};
}

connection& generation::db() noexcept {
    return model_.session_->db();
}

generation generation::create(const runner_directory& directory, const std::filesystem::path& file,
                              const projection_definition& definition, const projection_identity& identity,
                              const connection_options& options) {
    directory.expect_locked();
    auto db = create_read_model(file, identity, options);
    try {
        generation made{directory, std::move(db)};
        definition.create(made.model());
        made.expect_transaction();
        finish_creation(made.db());
        made.place_.remember_log(made.db());
        return made;
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
        throw;
    }
}

generation generation::open(const runner_directory& directory, const std::filesystem::path& file,
                            const connection_options& options) {
    directory.expect_locked();
    generation opened{directory, open_read_model_to_write(file, options)};
    opened.place_.remember_log(opened.db());
    return opened;
}

dead_letter_box& generation::dead_letters() noexcept {
    return statements_->letters;
}

void generation::savepoint() {
    db().execute("SAVEPOINT stele_event");
}

void generation::rollback_to_savepoint() {
    db().execute("ROLLBACK TO stele_event");
}

void generation::release_savepoint() {
    db().execute("RELEASE stele_event");
}

void generation::begin() {
    statements_->letters.begin();
    statements_->begin.run();
}

void generation::expect_transaction() const {
    model_.session_->expect_transaction();
}

void generation::commit(const detail::progress& progress) {
    expect_in_place();
    directory_->expect_locked();
    auto& store = statements_->store_progress;
    store.bind(1, as_integer(progress.checkpoint.value));
    store.bind(2, as_integer(progress.last_seen.position.value));
    const auto& id = progress.last_seen.id.bytes;
    store.bind_blob(3, {reinterpret_cast<const char*>(id.data()), id.size()});
    store.bind(4, progress.last_seen.recorded_at.time_since_epoch().count());
    store.bind(5, as_integer(progress.seen));
    store.bind(6, as_integer(progress.applied));
    store.bind(7, as_integer(progress.ignored));
    store.bind(8, as_integer(progress.dead_lettered));
    store.bind(9, std::int64_t{progress.complete});
    store.run();
    statements_->commit.run();
    record_.progress = progress;
}

void generation::rollback() noexcept {
    if (db().in_transaction()) db().try_execute("ROLLBACK");
    statements_->letters.rolled_back();
}

}  // namespace stele::inline v0::detail
