#include "eventstore/sqlite/upgrade/old_store.hpp"

#include "eventstore/sqlite/files/file_rights.hpp"
#include "eventstore/sqlite/files/format_1.hpp"
#include "eventstore/sqlite/upgrade/rows.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds pause{10};

// As the lock of the writer.
fs::perms rights_of_lock(const fs::path& file, const connection_options& options) {
    return rights_of(file, options.file_mode) | fs::perms::owner_read | fs::perms::owner_write;
}

error is_open_elsewhere(const std::string& file) {
    return {error_kind::busy,
            fmt::format("{}: has file format 1 and cannot be upgraded, because another program has it open; nothing "
                        "was changed; end every program that uses it, those with an older version of the library "
                        "first, then open it again",
                        file)};
}

error is_locked(const error& fault, const std::string& file) {
    return {error_kind::busy,
            fmt::format("{}; {} has file format 1 and may be being upgraded by that process, which takes seconds for "
                        "each million events",
                        fault.what(), file),
            fault.engine_code()};
}

error damaged(const connection& db, std::string_view what) {
    return {error_kind::corrupt,
            fmt::format("{}: is damaged ({}) and was not upgraded; nothing was changed; restore a backup and open that",
                        db.file(), what)};
}

}  // namespace

old_store::old_store(const fs::path& file, const connection_options& options)
    : lock_(file.string() + "-lock", rights_of_lock(file, options)), main_(file.string()), place_(file.string()) {}

std::unique_ptr<old_store> old_store::take(const fs::path& file, const connection_options& options) {
    const auto deadline = end_of_wait(options.busy_timeout);
    while (true) {
        std::unique_ptr<old_store> store(new old_store(file, options));
        try {
            store->lock_.lock(std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()));
        } catch (const error& fault) {
            if (fault.kind() == error_kind::busy) throw is_locked(fault, file.string());
            throw;
        }
        if (!is_format_1(file, options)) return nullptr;
        store->lock_.place().expect_same("end every program that uses the store, and open it again");
        if (store->lock_.is_only_one() && store->try_open(file, options)) return store;
        store.reset();  // so that who has it open can write and close it
        if (steady_clock::now() >= deadline) throw is_open_elsewhere(file.string());
        std::this_thread::sleep_for(pause);
    }
}

// The lock file does not tell of programs with version 0.1, nor of those without the library. In this mode SQLite takes
// the file for itself when it first reads it, and keeps the index of the log in memory.
bool old_store::try_open(const fs::path& file, connection_options options) {
    options.busy_timeout = std::chrono::milliseconds{0};
    const bool has_log = size_of(file.string() + "-wal").value_or(0) > 0;
    auto db = std::make_unique<connection>(file, open_mode::write, options);
    // Until it was checked. An empty log is removed.
    if (has_log) sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db->execute("PRAGMA locking_mode = EXCLUSIVE");
    if (const int code = db->try_execute("BEGIN EXCLUSIVE; COMMIT"); code != SQLITE_OK) {
        if (kind_of(code) == error_kind::busy) return false;
        throw db->last_error("open to upgrade");
    }
    if (options.vfs.empty()) share_with_owner(file.string());
    db_ = std::move(db);
    return true;
}

void old_store::check(upgrade_watch& watch) {
    std::vector<const char*> checks(checks_of_format_1().begin(), checks_of_format_1().end());
    if (db().has_table("stele_inline"))
        checks.insert(checks.end(), checks_of_inline_tables().begin(), checks_of_inline_tables().end());
    watch.begin(upgrade_phase::check, checks.size() + 1);
    try {
        expect_definitions_of_format_1(db());
        if (const auto found = damage_in_structure(db()); !found.empty()) throw damaged(db(), found);
        watch.advance();
        for (const auto* const each : checks) {
            auto findings = db().prepare(each);
            if (findings.step()) throw damaged(db(), findings.column_bytes(0));
            watch.advance();
        }
    } catch (const error& fault) {
        watch.check();  // a statement that was stopped
        if (fault.engine_code() == 0) throw;
        const auto kind = kind_of(fault.engine_code());
        if (kind == error_kind::foreign_file || kind == error_kind::invalid_argument) throw damaged(db(), fault.what());
        throw;
    }
}

void old_store::move_log() {
    db().execute("PRAGMA synchronous = FULL");
    {
        auto moved = db().prepare("PRAGMA wal_checkpoint(TRUNCATE)");
        if (!moved.step() || moved.column_int64(0) != 0) throw is_open_elsewhere(db().file());
    }
    sqlite3_db_config(db().handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    // Whoever finds the file with another name beside this one knows by the note that this is the one in use.
    main_.note(lock_);
}

std::unique_ptr<connection> old_store::release() {
    // Closing it would remove what has the name of its log.
    sqlite3_db_config(db().handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_progress_handler(db().handle(), 0, nullptr, nullptr);
    return std::move(db_);
}

void old_store::expect_in_place() const {
    place_.expect_same();
    lock_.place().expect_same("end every program that uses the store, and open it again");
}

}  // namespace stele::inline v0::detail
