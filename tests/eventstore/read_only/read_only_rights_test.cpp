// Who may read a store and not write it opens it read-only: every combination of the rights of the file and of its
// directory, of what was left beside the file, of the user, and of a file system that is mounted read-only.

#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/format.hpp>
#include <stele/eventstore/subscription.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <map>
#include <mutex>
#include <optional>
#include <thread>

using namespace testing;
using namespace std::chrono_literals;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

constexpr uid_t owner = 54321, guest = 54322;
constexpr gid_t readers = 54320;  // both are in it

enum class left : std::uint8_t {
    nothing,      // the store was closed
    writer,       // somebody has it open
    log,          // the one who wrote was killed
    log_no_lock,  // … and the lock file is missing
    log_no_shm,   // … and FILE-shm is missing
    other_log,    // … and a backup was copied over the file
};
constexpr std::array all_left{left::nothing,     left::writer,     left::log,
                              left::log_no_lock, left::log_no_shm, left::other_log};

struct row {
    unsigned file_mode;
    unsigned directory_mode;
    left there;
    uid_t user;
    bool is_mounted_read_only;
};

std::string to_string(const row& each) {
    return fmt::format("file {:o}, directory {:o}, left {}, user {}{}", each.file_mode, each.directory_mode,
                       static_cast<int>(each.there), each.user, each.is_mounted_read_only ? ", mounted read-only" : "");
}

void append(stele::event_store& store, int count, int stream) {
    for (int i = 0; i < count; ++i)
        store.append(stream_id{"a", std::to_string(stream)}, expected_version::any(), make_events(3)).value();
}

void append_early(stele::event_store& store) {
    append(store, 70, 1);
    const std::vector puts{stele::document_write{"kind", "key", "value"}};
    (void)store.append({}, puts).value();
}

void append_late(stele::event_store& store) {
    append(store, 300, 2);
}

void append_last(stele::event_store& store) {
    append(store, 1, 1);
}

// What a store says, asked in every way.
std::string said_by(stele::event_store& store) {
    stele::all_read_options filtered;
    filtered.filter.categories = {"a"};
    filtered.filter.types = {"test.Happened"};
    std::string text = fmt::format("{}\n{}\n", fmt::join(lines(store.read_all()), "\n"),
                                   fmt::join(lines(store.read_stream(stream_id{"a-1"})), "\n"));
    text += fmt::format("{}\n", fmt::join(lines(store.read_all(filtered)), "\n"));
    text += fmt::format("head {}, version {}, types {}, by time {}, waited {}\n", store.head(),
                        store.stream_version(stream_id{"a-2"}), fmt::join(store.event_types(), " "),
                        store.position_at(stele::timestamp::max()), store.wait_for_append({}, 1h));
    text += fmt::format("{} of {}\n", store.find_document("kind", "key").value().value,
                        store.list_documents("kind").size());
    std::mutex mutex;
    std::uint64_t followed = 0;
    const auto subscription = subscribe(store, {}, [&](const stele::recorded_event&) {
        const std::lock_guard lock(mutex);
        ++followed;
    });
    (void)subscription.wait_for(store.head(), 60s);
    const std::lock_guard lock(mutex);
    return text + fmt::format("{} followed", followed);
}

// The same, and that it is sound and can be copied; or the error.
std::string read_only(const fs::path& file, const fs::path& copy) {
    try {
        auto store = stele::sqlite_store::open_read_only(file, {.connection = {.busy_timeout = 200ms}});
        auto text = said_by(store);
        if (!store.verify().is_sound()) return "is not sound";
        store.backup(copy);
        auto copied = stele::sqlite_store::open_read_only(copy);
        return said_by(copied) == text ? text : "the copy is another store";
    } catch (const stele::error& fault) {
        return fmt::format("{}: {}", to_string(fault.kind()), fault.what());
    }
}

void write_and_be_killed(const fs::path& file) {
    child writer([&]() -> std::string {
        auto store = stele::sqlite_store::open(file);
        append_last(store);
        fs::create_directory(file.string() + ".written");
        while (true) ::pause();
    });
    while (!fs::exists(file.string() + ".written")) std::this_thread::yield();
    writer.kill();
    fs::remove(file.string() + ".written");
}

// Makes the store, with all that is left beside it. Returns the one who has it open.
std::optional<stele::sqlite_store> make(const fs::path& file, const row& each) {
    const auto options = stele::sqlite_options{.durability = stele::durability::normal,
                                               .connection = {.file_mode = fs::perms{each.file_mode | 0600}}};
    const auto backup = file.string() + ".backup";
    std::optional<stele::sqlite_store> store{stele::sqlite_store::open(file, options)};
    append_early(*store);
    if (each.there == left::other_log) store->backup(backup);
    append_late(*store);
    if (each.there == left::nothing || each.there == left::writer) append_last(*store);
    if (each.there != left::writer) store.reset();
    if (each.there >= left::log) write_and_be_killed(file);
    if (each.there == left::log_no_lock) fs::remove(file.string() + "-lock");
    if (each.there == left::log_no_shm) fs::remove(file.string() + "-shm");
    if (each.there == left::other_log) fs::copy_file(backup, file, fs::copy_options::overwrite_existing);
    fs::remove(backup);
    for (const auto& entry : fs::directory_iterator(file.parent_path())) {
        REQUIRE(::chown(entry.path().c_str(), owner, readers) == 0);
        REQUIRE(::chmod(entry.path().c_str(), each.file_mode) == 0);
    }
    REQUIRE(::chown(file.parent_path().c_str(), owner, readers) == 0);
    REQUIRE(::chmod(file.parent_path().c_str(), each.directory_mode) == 0);
    return store;
}

// Every file of the directory with its owner, rights, size and time; of FILE-shm the owner only.
std::map<std::string, std::string> files_of(const fs::path& directory) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(directory)) {
        struct stat is{};
        REQUIRE(::stat(entry.path().c_str(), &is) == 0);
        auto text = fmt::format("{}:{} {:o}", is.st_uid, is.st_gid, is.st_mode);
        if (!entry.path().native().ends_with("-shm"))
            text += fmt::format(" {} {}.{}", is.st_size, is.st_mtim.tv_sec, is.st_mtim.tv_nsec);
        found.emplace(entry.path().filename(), text);
    }
    return found;
}

void become(uid_t user) {
    if (user == 0) return;
    if (::setgroups(0, nullptr) != 0 || ::setgid(readers) != 0 || ::setuid(user) != 0) ::_exit(3);
}

// Whether it could be mounted.
bool mount_read_only(const fs::path& from, const fs::path& to) {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
           ::mount(nullptr, to.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
}

struct outcome {
    std::string answer;
    std::map<std::string, std::string> before, after;
};

outcome try_it(const row& each, const fs::path& directory) {
    const auto inner = directory / "store";
    const auto mounted = directory / "mounted";
    const auto copies = directory / "copies";
    for (const auto& made : {inner, mounted, copies}) fs::create_directory(made);
    REQUIRE(::chmod(copies.c_str(), 0777) == 0);
    const auto store = make(inner / "events.db", each);
    outcome found;
    found.before = files_of(inner);
    found.answer = in_child([&]() -> std::string {
        if (each.is_mounted_read_only && !mount_read_only(inner, mounted)) return "cannot mount";
        become(each.user);
        return read_only((each.is_mounted_read_only ? mounted : inner) / "events.db", copies / "copy.db");
    });
    found.after = files_of(inner);
    return found;
}

void check(const row& each, const outcome& found, const std::string& expected) {
    const bool may_make =
        !each.is_mounted_read_only && (each.user == 0 || (each.user == owner && (each.directory_mode & 0200) != 0));
    auto after = found.after;
    if (each.there == left::other_log) {
        CHECK(found.answer.starts_with("corrupt: "));
        CHECK(found.answer.find("nothing was changed") != std::string::npos);
    } else if (each.there == left::log_no_shm && !may_make) {
        CHECK(found.answer.starts_with("io: "));
        CHECK(found.answer.find("open and close it once") != std::string::npos);
    } else {
        INFO(found.answer.substr(0, 300));
        CHECK((found.answer == expected));
    }
    if (each.there == left::log_no_shm && may_make) {
        REQUIRE(after.contains("events.db-shm"));
        CHECK(after["events.db-shm"].starts_with(fmt::format("{}:", owner)));
        after.erase("events.db-shm");
    }
    CHECK(after == found.before);
}

// The owner, for whom nothing has become worse.
void check_owner(const row& each, const fs::path& directory) {
    const bool may_write = (each.file_mode & 0200) != 0 && (each.directory_mode & 0200) != 0;
    if (!may_write || each.there == left::other_log) return;
    CHECK(in_child([&] {
              become(owner);
              auto store = stele::sqlite_store::open(directory / "store" / "events.db");
              append_last(store);
              return std::to_string(store.head().value) + (store.verify().is_sound() ? ", sound" : ", damaged");
          }) == "1116, sound");
}

}  // namespace

TEST_CASE("a store is read with any rights to read it, whatever was left beside it, and nothing is made or changed") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become other users");
        return;
    }
    stele::memory_store same;
    append_early(same);
    append_late(same);
    append_last(same);
    const auto expected = said_by(same);
    struct rights {
        unsigned file, directory;
    };
    int not_mounted = 0;
    for (const auto [file, directory_mode] :
         {rights{0644, 0755}, rights{0640, 0750}, rights{0640, 02770}, rights{0444, 0555}})
        for (const auto there : all_left)
            for (const uid_t user : {uid_t{0}, owner, guest})
                for (const bool is_mounted_read_only : {false, true}) {
                    const row each{file, directory_mode, there, user, is_mounted_read_only};
                    CAPTURE(to_string(each));
                    const temp_dir directory;
                    const auto found = try_it(each, directory.path);
                    if (found.answer == "cannot mount") {
                        ++not_mounted;
                        continue;
                    }
                    check(each, found, expected);
                    check_owner(each, directory.path);
                }
    if (not_mounted > 0) MESSAGE("skipped: ", not_mounted, " rows, which need the right to mount");
}
