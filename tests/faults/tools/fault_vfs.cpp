#include "faults/tools/fault_vfs.hpp"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

struct fault_vfs::state {
    static constexpr std::size_t not_recorded = ~std::size_t{0};

    /// Counts the call; returns the code to fail with, or SQLITE_OK.
    int strike(disk_call call) {
        std::unique_lock lock(mutex);
        const auto count = ++counts[std::to_underlying(call)];
        if (!fault) return SQLITE_OK;
        if (interruption) {
            if (call != fault->call || count != fault->nth) return SQLITE_OK;
            const auto act = std::exchange(interruption, nullptr);
            fault.reset();
            has_struck = true;
            lock.unlock();
            act();
            return SQLITE_OK;
        }
        const bool now = call == fault->call && count == fault->nth;
        const bool later = has_struck && (fault->lasts == disk_fault::span::all_gone ||
                                          (fault->lasts == disk_fault::span::lasting && call == fault->call));
        if (!now && !later) return SQLITE_OK;
        has_struck = true;
        return fault->code;
    }

    void note(disk_change change) {
        const std::lock_guard lock(mutex);
        if (recording && change.file != not_recorded) changes.push_back(std::move(change));
    }

    /// The number of the file with this name; adds a new file to the record.
    std::size_t number_of(const std::string& file, bool was_there) {
        const std::lock_guard lock(mutex);
        if (!recording) return not_recorded;
        const auto [entry, is_new] = files.try_emplace(file, next_file);
        if (is_new) {
            ++next_file;
            disk_change change{disk_change::kind::made, entry->second, file, 0, {}};
            if (was_there) change.what = disk_change::kind::found;
            changes.push_back(std::move(change));
        }
        return entry->second;
    }

    void note_removal(const std::string& file, bool sync_directory) {
        const std::lock_guard lock(mutex);
        const auto known = files.find(file);
        if (!recording || known == files.end()) return;
        changes.push_back({disk_change::kind::removed, known->second, file, 0, {}});
        if (sync_directory) changes.push_back({disk_change::kind::directory_synced, known->second, file, 0, {}});
        files.erase(known);
    }

    sqlite3_vfs vfs{};
    sqlite3_vfs* real = nullptr;
    std::string name;

    std::mutex mutex;
    std::array<std::uint64_t, disk_call_kinds> counts{};
    std::optional<disk_fault> fault;
    std::function<void()> interruption;  // in place of the fault
    bool has_struck = false;

    bool recording = false;
    std::vector<disk_change> changes;
    std::map<std::string, std::size_t> files;  // those that have their name now
    std::size_t next_file = 0;
};

namespace {

// What SQLite gets as its file; the file of the default VFS follows it in memory.
struct shim {
    sqlite3_file base;
    fault_vfs::state* disk;
    std::size_t number;
    const char* name;
    bool syncs_directory;

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    disk_change change(disk_change::kind what, std::size_t offset = 0) const {
        return {what, number, name, offset, {}};
    }
};

shim& shim_of(sqlite3_file* file) {
    return *reinterpret_cast<shim*>(file);
}

const sqlite3_io_methods& real_methods(sqlite3_file* file) {
    return *shim_of(file).real()->pMethods;
}

int on_close(sqlite3_file* file) {
    return real_methods(file).xClose(shim_of(file).real());
}

int on_read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    if (const int code = shim_of(file).disk->strike(disk_call::read); code != SQLITE_OK) return code;
    return real_methods(file).xRead(shim_of(file).real(), to, size, offset);
}

int on_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    auto& self = shim_of(file);
    const int fault = self.disk->strike(disk_call::write);
    if (fault != SQLITE_OK) size /= 2;
    const int code = real_methods(file).xWrite(self.real(), from, size, offset);
    if (code == SQLITE_OK && size > 0 && self.number != fault_vfs::state::not_recorded) {
        auto change = self.change(disk_change::kind::written, static_cast<std::size_t>(offset));
        change.bytes.assign(static_cast<const char*>(from), static_cast<std::size_t>(size));
        self.disk->note(std::move(change));
    }
    return fault != SQLITE_OK ? fault : code;
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
    auto& self = shim_of(file);
    if (const int code = self.disk->strike(disk_call::truncate); code != SQLITE_OK) return code;
    const int code = real_methods(file).xTruncate(self.real(), size);
    if (code == SQLITE_OK) self.disk->note(self.change(disk_change::kind::resized, static_cast<std::size_t>(size)));
    return code;
}

int on_sync(sqlite3_file* file, int) {
    auto& self = shim_of(file);
    const int fault = self.disk->strike(disk_call::sync);
    self.disk->note(self.change(fault == SQLITE_OK ? disk_change::kind::synced : disk_change::kind::lost));
    if (fault == SQLITE_OK && std::exchange(self.syncs_directory, false))
        self.disk->note(self.change(disk_change::kind::directory_synced));
    return fault;
}

int on_file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real_methods(file).xFileSize(shim_of(file).real(), size);
}

int on_lock(sqlite3_file* file, int level) {
    if (const int code = shim_of(file).disk->strike(disk_call::lock); code != SQLITE_OK) return code;
    return real_methods(file).xLock(shim_of(file).real(), level);
}

int on_unlock(sqlite3_file* file, int level) {
    return real_methods(file).xUnlock(shim_of(file).real(), level);
}

int on_check_reserved_lock(sqlite3_file* file, int* held) {
    return real_methods(file).xCheckReservedLock(shim_of(file).real(), held);
}

int on_file_control(sqlite3_file* file, int operation, void* argument) {
    return real_methods(file).xFileControl(shim_of(file).real(), operation, argument);
}

int on_sector_size(sqlite3_file* file) {
    return real_methods(file).xSectorSize(shim_of(file).real());
}

int on_device_characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int on_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
    if (const int code = shim_of(file).disk->strike(disk_call::map); code != SQLITE_OK) return code;
    return real_methods(file).xShmMap(shim_of(file).real(), region, size, extend, memory);
}

int on_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    if ((flags & SQLITE_SHM_LOCK) != 0)
        if (const int code = shim_of(file).disk->strike(disk_call::lock); code != SQLITE_OK) return code;
    return real_methods(file).xShmLock(shim_of(file).real(), offset, count, flags);
}

void on_shm_barrier(sqlite3_file* file) {
    real_methods(file).xShmBarrier(shim_of(file).real());
}

int on_shm_unmap(sqlite3_file* file, int remove) {
    return real_methods(file).xShmUnmap(shim_of(file).real(), remove);
}

// Version 2: without memory-mapped reads and writes, which would bypass this VFS.
constexpr sqlite3_io_methods shim_methods = {2,
                                             on_close,
                                             on_read,
                                             on_write,
                                             on_truncate,
                                             on_sync,
                                             on_file_size,
                                             on_lock,
                                             on_unlock,
                                             on_check_reserved_lock,
                                             on_file_control,
                                             on_sector_size,
                                             on_device_characteristics,
                                             on_shm_map,
                                             on_shm_lock,
                                             on_shm_barrier,
                                             on_shm_unmap,
                                             nullptr,
                                             nullptr};

fault_vfs::state& state_of(sqlite3_vfs* vfs) {
    return *static_cast<fault_vfs::state*>(vfs->pAppData);
}

int on_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto& disk = state_of(vfs);
    auto& self = *new (file) shim{};
    if (const int code = disk.strike(disk_call::open); code != SQLITE_OK) return code;
    // A file is made empty before SQLite opens it, so that it has its rights from the beginning: it counts as made
    // here.
    std::error_code missing;
    const bool was_there = name != nullptr && std::filesystem::file_size(name, missing) > 0 && !missing;
    const int code = disk.real->xOpen(disk.real, name, self.real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    const bool temporary = name == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    self.disk = &disk;
    self.name = temporary ? "" : name;
    self.number = temporary ? fault_vfs::state::not_recorded : disk.number_of(name, was_there);
    self.syncs_directory = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0;
    self.base.pMethods = &shim_methods;
    return SQLITE_OK;
}

int on_delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    auto& disk = state_of(vfs);
    if (const int code = disk.strike(disk_call::remove); code != SQLITE_OK) return code;
    const int code = disk.real->xDelete(disk.real, name, 0);
    if (code == SQLITE_OK) disk.note_removal(name, sync_directory != 0);
    return code;
}

}  // namespace

std::string_view to_string(disk_call call) {
    static constexpr std::array<std::string_view, disk_call_kinds> names = {"open",     "read",   "write", "sync",
                                                                            "truncate", "remove", "lock",  "map"};
    return names[std::to_underlying(call)];
}

fault_vfs::fault_vfs() : state_(std::make_unique<state>()) {
    static std::atomic<int> made = 0;
    state_->name = "stele-faults-" + std::to_string(++made);
    state_->real = sqlite3_vfs_find(nullptr);
    auto& vfs = state_->vfs = *state_->real;
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(shim)) + state_->real->szOsFile;
    vfs.zName = state_->name.c_str();
    vfs.pNext = nullptr;
    vfs.pAppData = state_.get();
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    sqlite3_vfs_register(&vfs, 0);
}

fault_vfs::~fault_vfs() {
    sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& fault_vfs::name() const {
    return state_->name;
}

void fault_vfs::make_default() {
    sqlite3_vfs_register(&state_->vfs, 1);
}

void fault_vfs::fail(const disk_fault& fault) {
    heal();
    const std::lock_guard lock(state_->mutex);
    state_->fault = fault;
}

void fault_vfs::interrupt(disk_call call, std::uint64_t nth, std::function<void()> act) {
    heal();
    const std::lock_guard lock(state_->mutex);
    state_->fault = disk_fault{.call = call, .nth = nth};
    state_->interruption = std::move(act);
}

void fault_vfs::heal() {
    const std::lock_guard lock(state_->mutex);
    state_->fault.reset();
    state_->interruption = nullptr;
    state_->has_struck = false;
    state_->counts = {};
}

bool fault_vfs::struck() const {
    const std::lock_guard lock(state_->mutex);
    return state_->has_struck;
}

std::uint64_t fault_vfs::calls(disk_call call) const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts[std::to_underlying(call)];
}

void fault_vfs::record() {
    const std::lock_guard lock(state_->mutex);
    state_->recording = true;
    state_->changes.clear();
    state_->files.clear();
}

void fault_vfs::note(const disk_change& change) {
    state_->note(change);
}

void fault_vfs::note_link(const std::string& file, const std::string& further) {
    const auto number = state_->number_of(file, true);
    const std::lock_guard lock(state_->mutex);
    if (!state_->recording) return;
    state_->files[further] = number;
    state_->changes.push_back({disk_change::kind::linked, number, further, 0, {}, {}});
}

void fault_vfs::note_rename(const std::string& file, const std::string& to) {
    const auto number = state_->number_of(file, true);
    const std::lock_guard lock(state_->mutex);
    if (!state_->recording) return;
    state_->files.erase(file);
    state_->files[to] = number;
    state_->changes.push_back({disk_change::kind::renamed, number, to, 0, {}, file});
}

void fault_vfs::note_unlink(const std::string& file) {
    state_->note_removal(file, false);
}

void fault_vfs::note_sync(const std::string& file) {
    state_->note({disk_change::kind::synced, state_->number_of(file, true), file, 0, {}});
}

void fault_vfs::note_directory_sync() {
    state_->note({disk_change::kind::directory_synced, 0, {}, 0, {}});
}

std::size_t fault_vfs::recorded() const {
    const std::lock_guard lock(state_->mutex);
    return state_->changes.size();
}

std::vector<disk_change> fault_vfs::recording() {
    const std::lock_guard lock(state_->mutex);
    state_->recording = false;
    return std::exchange(state_->changes, {});
}
