// A store in a bad place: read-only, full, locked by another process, without its main file. Each is an error that
// names the file and says what to do; nothing is lost, and the store works again once the cause is gone.

#include "faults/tools/labelled.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>

using stele::expected_version;
using stele::stream_id;

namespace {

// Runs `work` in another process, which may change its permissions and its view of the file system. Returns its result;
// an empty text if this machine does not allow it.
std::string in_process(const std::function<std::string()>& work) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto process = ::fork();
    if (process == 0) {
        std::string result;
        try {
            result = work();
        } catch (const std::exception& fault) {
            result = fmt::format("unexpected: {}", fault.what());
        }
        ::_exit(::write(ends[1], result.data(), result.size()) == static_cast<ssize_t>(result.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string result;
    char part[512];
    for (ssize_t size = 0; (size = ::read(ends[0], part, sizeof part)) > 0;)
        result.append(part, static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(process, &status, 0);
    CHECK(status == 0);
    return result;
}

// "kind: message" of the error, or "no error".
std::string fault_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const stele::error& fault) {
        return fmt::format("{}: {}", to_string(fault.kind()), fault.what());
    }
    return "no error";
}

stele::append_result append_some(stele::event_store& store, std::uint32_t number,
                                 const std::vector<std::uint8_t>& sizes = {1, 2, 3}) {
    return store.append(stream_id{"order-1"}, expected_version::any(), make_labelled({0, 0, number}, sizes)).value();
}

void make_store(const std::filesystem::path& file) {
    auto store = stele::sqlite_store::open(file);
    append_some(store, 0);
}

void open_and_append(const std::filesystem::path& file) {
    auto store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = std::chrono::milliseconds{20}}});
    append_some(store, 1);
}

void check_works(const std::filesystem::path& file, std::size_t appends) {
    auto store = stele::sqlite_store::open(file);
    CHECK(read_whole(store).appends.size() == appends);
    append_some(store, 99);
    CHECK(read_whole(store).appends.size() == appends + 1);
}

void check_says(const std::string& fault, std::string_view kind, const std::filesystem::path& file,
                std::string_view advice) {
    INFO(fault);
    CHECK(std::string_view(fault).starts_with(std::string(kind) + ": "));
    CHECK(fault.find(file.string()) != std::string::npos);
    CHECK(fault.find(advice) != std::string::npos);
}

// Root may write everywhere, so it becomes another user first. Returns an empty text if that user has no access.
std::string without_rights(const std::filesystem::path& file, const std::function<void()>& work) {
    return in_process([&]() -> std::string {
        constexpr unsigned nobody = 65534;
        if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) return {};
        struct stat ignored = {};
        if (::stat(file.parent_path().c_str(), &ignored) != 0) return {};
        return fault_of(work);
    });
}

}  // namespace

TEST_CASE("a store without write permission") {
    const temp_dir directory;
    const auto file = directory / "inner" / "events.db";
    std::filesystem::create_directory(file.parent_path());
    mode_t directory_mode = 0777;
    mode_t file_mode = 0666;
    std::size_t appends = 1;
    SUBCASE("a new store in a read-only directory") {
        directory_mode = 0555, appends = 0;
    }
    SUBCASE("a store in a read-only directory") {
        directory_mode = 0555;
    }
    SUBCASE("a read-only file") {
        file_mode = 0444;
    }
    SUBCASE("a file that may not be read") {
        file_mode = 0;
    }
    if (directory_mode == 0777 && file_mode == 0666) return;
    if (appends == 1) {
        make_store(file);
        std::filesystem::remove(file.string() + "-lock");
        REQUIRE(::chmod(file.c_str(), file_mode) == 0);
    }
    REQUIRE(::chmod(file.parent_path().c_str(), directory_mode) == 0);

    const auto fault = without_rights(file, [&] { open_and_append(file); });
    if (fault.empty())
        MESSAGE("skipped: there is nobody here without the right to write");
    else
        check_says(fault, "io", file, file_mode == 0444 ? "give this user the right to write it" : "directory");

    REQUIRE(::chmod(file.parent_path().c_str(), 0777) == 0);
    if (appends == 1) REQUIRE(::chmod(file.c_str(), 0666) == 0);
    check_works(file, appends);
}

TEST_CASE("a disk that becomes full, and then has room again") {
    const temp_dir directory;
    const auto result = in_process([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", directory.path.c_str(), "tmpfs", 0, "size=3m") != 0)
            return {};
        const auto file = directory / "events.db";
        const auto ballast = directory / "ballast";
        {
            make_store(file);
        }
        const int descriptor = ::open(ballast.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (::posix_fallocate(descriptor, 0, 2 << 20) != 0) return "no ballast";
        ::close(descriptor);
        std::uint32_t appended = 1;
        std::string first, second;
        {
            auto store = stele::sqlite_store::open(file);
            first = fault_of([&] {
                while (appended < 100) {
                    append_some(store, appended, {5, 4, 3});
                    ++appended;
                }
            });
            second = fault_of([&] { append_some(store, appended, {1}); });
            if (read_whole(store).appends.size() != appended) return "not all can be read while it is full";
        }
        {
            auto store = stele::sqlite_store::open(file);
            if (read_whole(store).appends.size() != appended) return "a full disk cannot be read";
        }
        std::filesystem::remove(ballast);
        auto store = stele::sqlite_store::open(file);
        if (read_whole(store).appends.size() != appended) return "not all is there when it is opened again";
        append_some(store, appended, {5, 4, 3});
        return first + "\n" + second;
    });
    if (result.empty()) {
        MESSAGE("skipped: this needs the right to mount");
        return;
    }
    const auto second = result.find('\n');
    REQUIRE_MESSAGE(second != std::string::npos, result);
    check_says(result.substr(0, second), "full", directory / "events.db", "free some space");
    check_says(result.substr(second + 1), "closed", directory / "events.db", "open the store again");
}

TEST_CASE("a file locked by another process is busy until it is unlocked") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    make_store(file);

    SUBCASE("the write lock of another process that uses this library") {
        const int other = ::open((file.string() + "-lock").c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(other >= 0);
        struct flock all = {};
        all.l_type = F_WRLCK;
        REQUIRE(::fcntl(other, F_OFD_SETLK, &all) == 0);
        check_says(fault_of([&] { open_and_append(file); }), "busy", file, "try again");
        ::close(other);
    }
    SUBCASE("a transaction of a process that uses SQLite") {
        sqlite3* other = nullptr;
        REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
        REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
        check_says(fault_of([&] { open_and_append(file); }), "busy", file, "try again");
        sqlite3_close(other);
    }
    SUBCASE("a process that has it for itself alone") {
        sqlite3* other = nullptr;
        REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
        REQUIRE(sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", nullptr, nullptr,
                             nullptr) == SQLITE_OK);
        check_says(fault_of([&] { open_and_append(file); }), "busy", file, "try again");
        sqlite3_close(other);
    }
    check_works(file, 1);
}

TEST_CASE("a WAL whose store is missing is not mistaken for a new store") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const auto moved = directory / "moved.db";
    const auto copy = [&](const char* suffix) {
        std::filesystem::copy_file(file.string() + suffix, moved.string() + suffix);
    };
    {
        auto store = stele::sqlite_store::open(file);
        append_some(store, 0);
        copy("-wal");  // what a process leaves behind that is killed now
        SUBCASE("the main file was forgotten") {}
        SUBCASE("the main file was emptied") {
            const int made = ::open(moved.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
            REQUIRE(made >= 0);
            ::close(made);
        }
        check_says(fault_of([&] { open_and_append(moved); }), "corrupt", moved, "put back the file");
        std::filesystem::remove(moved);
        copy("");
    }
    check_works(moved, 1);
}

TEST_CASE("something that is not a file is not a store") {
    const temp_dir directory;
    SUBCASE("a directory") {
        check_says(fault_of([&] { open_and_append(directory.path); }), "foreign_file", directory.path,
                   "is a directory; name a file in it");
    }
    SUBCASE("a pipe") {
        const auto pipe = directory / "pipe";
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        check_says(fault_of([&] { open_and_append(pipe); }), "foreign_file", pipe, "use another name");
    }
}
