#pragma once

#include "faults/tools/disk.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The calls of SQLite to its files, by kinds that can fail.
enum class disk_call : std::uint8_t { open, read, write, sync, truncate, remove, lock, map };
inline constexpr std::size_t disk_call_kinds = 8;

/// For error messages: "write".
std::string_view to_string(disk_call call);

/// Which call fails, how, and whether later calls fail too.
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

/// A VFS for SQLite that passes all calls on to the default one, and can record changes and make calls fail.
///
/// The files are real, so locks, shared memory and the file system work as usual. Syncs are not passed on: disk_model
/// computes which bytes are on the disk, and tests run at the speed of memory. The default VFS syncs the directory with
/// the first sync of a new journal or WAL, and with a removal on request; the record contains both. A failing write
/// writes its first half.
///
/// Any thread may call anything. Connections must be closed before this is destroyed.
class fault_vfs {
public:
    /// Registers a VFS with a unique name.
    fault_vfs();
    ~fault_vfs();
    fault_vfs(const fault_vfs&) = delete;
    fault_vfs& operator=(const fault_vfs&) = delete;

    /// For connection_options::vfs.
    [[nodiscard]] const std::string& name() const;

    /// From now on, connections without a VFS name use this one.
    void make_default();

    /// Sets the next fault and starts counting calls at 0. There is at most one fault.
    void fail(const disk_fault& fault);
    /// Calls `act` once, before the nth call of that kind from now on is passed on, instead of a fault.
    void interrupt(disk_call call, std::uint64_t nth, std::function<void()> act);
    /// Removes the fault.
    void heal();
    /// Whether a call has failed since fail().
    [[nodiscard]] bool struck() const;
    /// How many calls there were since fail(), heal() or the start.
    [[nodiscard]] std::uint64_t calls(disk_call call) const;

    /// Starts recording the changes of files that are opened from now on. File numbers are never reused.
    void record();
    /// Records a change that was not made by SQLite.
    void note(const disk_change& change);
    /// Records what others than SQLite have done to files that are recorded, by their names: a further name, a new name
    /// in place of the old one and of another file, no name any more, a sync, a sync of the directory.
    void note_link(const std::string& file, const std::string& further);
    void note_rename(const std::string& file, const std::string& to);
    void note_unlink(const std::string& file);
    void note_sync(const std::string& file);
    void note_directory_sync();
    /// How many changes have been recorded.
    [[nodiscard]] std::size_t recorded() const;
    /// Ends the recording and returns it. The recorded files must be closed.
    [[nodiscard]] std::vector<disk_change> recording();

    struct state;

private:
    std::unique_ptr<state> state_;
};
