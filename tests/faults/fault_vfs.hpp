#pragma once

#include "faults/disk.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// What SQLite asks of its files, by kinds that can be made to fail.
enum class disk_call : std::uint8_t { open, read, write, sync, truncate, remove, lock, map };
inline constexpr std::size_t disk_call_kinds = 8;

/// For error messages: "write".
std::string_view to_string(disk_call call);

/// Which call fails, how, and what of the ones after it.
struct disk_fault {
    enum class span : std::uint8_t {
        once,      ///< The calls after it succeed.
        lasting,   ///< All calls of that kind fail from then on.
        all_gone,  ///< All calls of every kind fail from then on, as if the disk were pulled out.
    };

    disk_call call = disk_call::write;
    std::uint64_t nth = 1;  ///< The first call of that kind since the fault was set is number 1.
    int code = 0;           ///< What SQLite gets, for example SQLITE_IOERR_WRITE.
    span lasts = span::once;
};

/// A VFS for SQLite that passes everything on to the default one, and can tell what was changed and make calls fail.
///
/// The files are real, so locks, shared memory and everything that looks at the file system work as always. Syncs are
/// not passed on: whether bytes are on the disk is what disk_model works out, and tests run at the speed of memory.
/// The default VFS syncs the directory with the first sync of a journal or WAL that was opened to be made, and when
/// asked to with a removal; the record says the same. A write that fails has written its first half.
///
/// Any thread may call anything. Connections must be closed before this goes.
class fault_vfs {
public:
    /// Registers a VFS with a name of its own.
    fault_vfs();
    ~fault_vfs();
    fault_vfs(const fault_vfs&) = delete;
    fault_vfs& operator=(const fault_vfs&) = delete;

    /// For sqlite_options::vfs.
    [[nodiscard]] const std::string& name() const;

    /// From now on connections that name no VFS use this one.
    void make_default();

    /// Sets the fault that is to come and begins to count calls at 0. There is at most one.
    void fail(const disk_fault& fault);
    /// No fault is to come any more.
    void heal();
    /// Whether a call was made to fail since fail() was called.
    [[nodiscard]] bool struck() const;
    /// How many calls there were since fail(), heal() or the beginning.
    [[nodiscard]] std::uint64_t calls(disk_call call) const;

    /// Begins to record changes of the files that are opened from now on. Numbers of files are never used again.
    void record();
    /// Puts a change into the record that somebody other than SQLite has made.
    void note(const disk_change& change);
    /// How many changes have been recorded.
    [[nodiscard]] std::size_t recorded() const;
    /// Ends the recording and returns it. The connections to what was recorded must be closed.
    [[nodiscard]] std::vector<disk_change> recording();

    struct state;

private:
    std::unique_ptr<state> state_;
};
