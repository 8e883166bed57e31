// A store of format 1 becomes one of today's format in a file beside it:
//
//   take      Nobody else has the store open, and nobody can open it. What a killed upgrade has left is removed.
//   check     Everything that the old file says twice is compared. From here on it counts as true.
//   move      The log is moved into the old file, which alone is the store then.
//   convert   A new file is written, and synced.
//   compare   The new file is read and compared with the old one, event by event.
//   keep      The old file gets a second name, FILE.format-1. Its log is removed. The directory is synced.
//   replace   The new file is renamed to FILE. This is the instant at which the store is upgraded. The directory is
//             synced.
//   hold      The old file stays locked as long as the store is open.
//
// The name FILE means the whole old store until that instant and the whole new store from then on, whenever the process
// is killed or the power fails. A log of the old file beside the new one would damage it: therefore it is gone, and
// that is synced, before.

#include "eventstore/sqlite/files/backup.hpp"
#include "eventstore/sqlite/files/file_rights.hpp"
#include "eventstore/sqlite/files/format_1.hpp"
#include "eventstore/sqlite/upgrade/comparison.hpp"
#include "eventstore/sqlite/upgrade/conversion.hpp"
#include "eventstore/sqlite/upgrade/new_file.hpp"
#include "eventstore/sqlite/upgrade/old_store.hpp"
#include "eventstore/sqlite/upgrade/other_tables.hpp"
#include "eventstore/sqlite/upgrade/upgrade_names.hpp"

#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>
#include <stele/eventstore/sqlite/detail/upgrade.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace stele::inline v0::detail {
namespace {

namespace fs = std::filesystem;

// Not if there is no file of one of the names. Throws stele::error (io) if that cannot be known just now.
bool is_same_file(const std::string& left, const std::string& right) {
    const file_identity one(left);
    const file_identity other(right);
    return one.is_known() && one == other && detail::is_regular_file(right);
}

// One upgrade of a store that nobody else has open.
class upgrading {
public:
    upgrading(old_store& old, const upgrade_names& names, const sqlite_options& options)
        : old_(old), names_(names), options_(options), watch_(names.store, options), owner_(names.store) {}

    ~upgrading() {
        names_.try_to_remove_leftovers();
        if (is_linked_) remove_link();
    }
    upgrading(const upgrading&) = delete;
    upgrading& operator=(const upgrading&) = delete;

    void run() {
        names_.remove_leftovers();
        expect_name_for_old_file();
        owner_.make(names_.fresh);  // who may not do that is told at once
        watch_.watch(old_.db());
        old_.check(watch_);
        const auto others = names_of_others(old_.db());
        old_.move_log();
        copy_others_of(others);
        convert();
        compare();
        keep_old_file();
        replace();
    }

private:
    // It may have the old file already, from an upgrade that was killed in its last moment.
    void expect_name_for_old_file() {
        if (!is_there(names_.kept) || is_same_file(names_.store, names_.kept)) return;
        try {
            if (!is_regular_file(names_.kept) || !is_format_1(names_.kept, options_.connection)) refuse_kept();
            connection kept(names_.kept, open_mode::frozen, options_.connection);
            expect_same_old_store(old_.db(), kept);
        } catch (const error& fault) {
            if (fault.kind() == error_kind::closed) throw;
            refuse_kept();
        }
        is_kept_ = true;
    }

    [[noreturn]] void refuse_kept() const {
        throw error(error_kind::needs_upgrade,
                    fmt::format("{}: cannot be upgraded, because the old file would be kept as {}, and another file "
                                "has that name, perhaps from an earlier upgrade; nothing was changed; move that one "
                                "away, or remove it if nobody needs it, and open the store again",
                                names_.store, names_.kept));
    }

    void copy_others_of(const std::vector<std::string>& others) {
        watch_.begin(upgrade_phase::copy, others.size());
        if (others.empty()) return;
        copy_others(old_.db(), names_, owner_, options_.connection, watch_);
        for (std::size_t i = 0; i < others.size(); ++i) watch_.advance();
    }

    void convert() {
        connection fresh(names_.fresh, open_mode::write, options_.connection);
        watch_.watch(fresh);
        conversion(old_.db(), fresh, options_.hash_tree, watch_).run(old_.events());
    }

    void compare() {
        sync_file(names_.fresh);
        connection fresh(names_.fresh, open_mode::read, options_.connection);
        watch_.watch(fresh);
        watch_.begin(upgrade_phase::verify, old_.events());
        expect_same_store(old_.db(), fresh, watch_);
    }

    void keep_old_file() {
        owner_.give_rights(names_.fresh);
        names_.remove_all_but_fresh();
        old_.expect_in_place();
        if (!is_kept_ && !is_same_file(names_.store, names_.kept) && !link_old_file()) copy_old_file();
        for (const auto* const suffix : sqlite_suffixes) remove_beside(names_.store + suffix);
        sync_directory(fs::path(names_.store).parent_path());
    }

    // What was not finished has not happened. Once it is, these are two files. A link that stays is used by the next
    // upgrade.
    void remove_link() const noexcept {
        try {
            if (is_same_file(names_.store, names_.kept)) ::unlink(names_.kept.c_str());
        } catch (...) {
            return;
        }
    }

    // False if the file system has no hard links.
    [[nodiscard]] bool link_old_file() {
        is_linked_ = ::link(names_.store.c_str(), names_.kept.c_str()) == 0;
        if (is_linked_) return true;
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK) return false;
        if (errno == EEXIST) refuse_kept();
        throw file_error(names_.kept, "the old file cannot be kept under this name", errno);
    }

    void copy_old_file() {
        owner_.make(names_.copy);
        {
            connection copy(names_.copy, open_mode::write, options_.connection);
            copy.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
            copy_database(old_.db(), copy);
            copy.execute("PRAGMA journal_mode = DELETE");
            expect_same_old_store(old_.db(), copy);
        }
        owner_.give_rights(names_.copy);
        sync_file(names_.copy);
        if (::rename(names_.copy.c_str(), names_.kept.c_str()) != 0)
            throw file_error(names_.copy, "cannot be renamed to " + names_.kept, errno);
    }

    // What SQLite keeps beside the old file is empty by now.
    static void remove_beside(const std::string& name) {
        expect_regular_or_absent(name);
        if (::unlink(name.c_str()) != 0 && !means_absent(errno))
            throw file_error(name, "belongs to the old file and cannot be removed", errno);
    }

    void replace() const {
        old_.expect_in_place();
        if (::rename(names_.fresh.c_str(), names_.store.c_str()) != 0)
            throw file_error(names_.fresh, "cannot be renamed to " + names_.store, errno);
        try {
            sync_directory(fs::path(names_.store).parent_path());
        } catch (const error& fault) {
            throw error(fault.kind(),
                        fmt::format("{}: was upgraded, but after a power cut the old file may have its name again: {}",
                                    names_.store, fault.what()),
                        fault.engine_code());
        }
    }

    old_store& old_;
    const upgrade_names& names_;
    const sqlite_options& options_;
    upgrade_watch watch_;
    file_owner owner_;
    bool is_kept_ = false;    // as a file of its own
    bool is_linked_ = false;  // by this upgrade
};

std::string room_of(const std::string& file) {
    std::error_code unknown;
    const auto room = fs::space(fs::path(file).parent_path(), unknown);
    constexpr std::uintmax_t mebibyte = 1 << 20;
    return fmt::format("; an upgrade needs about as much room beside the store as that has, {} MiB, and {} are free",
                       size_of(file).value_or(0) / mebibyte + 1,
                       unknown ? std::string("an unknown number") : fmt::format("{} MiB", room.available / mebibyte));
}

// Whoever reads the error wants to know about the store, not about the files that are gone by now.
error not_upgraded(const error& fault, const std::string& file) {
    const std::string_view told = fault.what();
    std::string message = told.starts_with(file + ": ") ? std::string(told) : fmt::format("{}: {}", file, told);
    if (told.find("nothing was changed") == std::string_view::npos)
        message += "; the store was not upgraded, and nothing was changed";
    if (fault.kind() == error_kind::full) message += room_of(file);
    return {fault.kind(), message, fault.engine_code()};
}

}  // namespace

std::unique_ptr<connection> upgrade_if_needed(const fs::path& file, const sqlite_options& options) {
    if (!is_format_1(file, options.connection)) return nullptr;
    const upgrade_names names(file);
    if (options.upgrade == upgrade::never || !detail::is_regular_file(file)) throw needs_upgrade(names.store);
    expect_directory_of(names.store);
    expect_writable(names.store);
    const auto old = old_store::take(file, options.connection);
    if (!old) return nullptr;
    try {
        upgrading(*old, names, options).run();
        return old->release();
    } catch (const error& fault) {
        if (!is_format_1(file, options.connection)) throw;
        throw not_upgraded(fault, names.store);
    }
}

bool remove_old_format(const fs::path& file, const connection_options& options) {
    const upgrade_names names(file);
    if (!is_there(names.kept)) return false;
    expect_regular_or_absent(names.kept);
    if (!is_format_1(names.kept, options))
        throw error(
            error_kind::foreign_file,
            fmt::format("{}: is no store of format 1; it was left untouched; look at it, and remove it yourself",
                        names.kept));
    if (is_same_file(names.store, names.kept))
        throw error(error_kind::needs_upgrade,
                    fmt::format("{}: is still the store itself; it was left untouched; open {} first", names.kept,
                                names.store));
    if (::unlink(names.kept.c_str()) != 0 && !means_absent(errno))
        throw file_error(names.kept, "cannot be removed", errno);
    sync_directory(fs::path(names.store).parent_path());
    return true;
}

}  // namespace stele::inline v0::detail
