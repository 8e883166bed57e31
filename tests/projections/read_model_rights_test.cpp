// Who may read a read model and not write it asks it, whatever was left beside it, and leaves nothing behind that its
// projection runner could not use.

#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <optional>
#include <set>

using namespace std::chrono_literals;
using namespace testing;
using stele::read_model;
namespace fs = std::filesystem;

namespace {

constexpr uid_t owner = 54321, guest = 54322;
constexpr gid_t readers = 54320;  // both are in it

enum class left : std::uint8_t {
    nothing,     // its runner was stopped
    runner,      // it runs
    log,         // it was killed
    log_no_shm,  // … and FILE-shm is missing
};

void become(uid_t user) {
    if (user == 0) return;
    if (::setgroups(0, nullptr) != 0 || ::setgid(readers) != 0 || ::setuid(user) != 0) ::_exit(3);
}

// Makes `use` happen in a process of its own, which goes on until this one is destroyed or told to end.
class companion {
public:
    companion(uid_t user, bool closes, const std::function<void(const std::function<void()>&)>& use) {
        int ready[2];
        REQUIRE(::pipe(ready) == 0);
        REQUIRE(::pipe(go_) == 0);
        process_.emplace([=, this]() -> std::string {
            become(user);
            use([&] {
                char byte = 'r';
                if (::write(ready[1], &byte, 1) < 1 || ::read(go_[0], &byte, 1) < 1 || !closes) ::_exit(0);
            });
            return "ended";
        });
        ::close(ready[1]);
        char byte = 0;
        REQUIRE(::read(ready[0], &byte, 1) == 1);  // nothing comes if it has ended
        ::close(ready[0]);
    }
    ~companion() { ::close(go_[0]), ::close(go_[1]); }
    companion(const companion&) = delete;
    companion& operator=(const companion&) = delete;
    void end() {
        REQUIRE(::write(go_[1], "x", 1) == 1);
        static_cast<void>(process_->answer());
    }

private:
    int go_[2] = {-1, -1};
    std::optional<child> process_;
};

void project(const fs::path& directory, unsigned events, const std::function<void()>& then = [] {}) {
    stele::memory_store store;
    append(store, 1, opened("one"));
    for (unsigned i = 1; i < events; ++i) append(store, 1, incremented(1));
    stele::projection_runner runner{store, directory, {.connection = {.file_mode = fs::perms{0640}}}};
    runner.add<totals>();
    runner.catch_up();
    then();
}

std::string asked(const fs::path& file) {
    try {
        // The first and the last who has the files open.
        if (!stele::diff_read_models(file, file, {}, {.busy_timeout = 200ms}).none()) return "differs from itself";
        auto db = read_model::open_read_only(file, {.busy_timeout = 200ms});
        auto again = read_model::open_read_only(file, {.busy_timeout = 200ms});
        again.attach(file, "same");
        const auto rows = again.query_one<int>("SELECT count(*) FROM same.changes JOIN totals");
        return std::to_string(std::get<0>(*rows)) + " " + std::to_string(db.checkpoint().value);
    } catch (const stele::error& fault) {
        return std::string{stele::to_string(fault.kind())} + ": " + fault.what();
    }
}

std::set<std::string> owned_by(uid_t user, const fs::path& directory) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
        struct stat is{};
        if (::lstat(entry.path().c_str(), &is) == 0 && is.st_uid == user) names.insert(entry.path().filename());
    }
    return names;
}

}  // namespace

TEST_CASE("a read model is asked with any rights to read it, and its runner goes on with what is left") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become other users");
        return;
    }
    for (const unsigned rights : {0750U, 02770U, 0555U})
        for (const auto there : {left::nothing, left::runner, left::log, left::log_no_shm})
            for (const uid_t user : {uid_t{0}, owner, guest}) {
                CAPTURE(rights);
                CAPTURE(static_cast<int>(there));
                CAPTURE(user);
                const temp_dir outer;
                REQUIRE(::chmod(outer.path.c_str(), 0777) == 0);
                const auto directory = outer / "read";
                fs::create_directory(directory);
                REQUIRE(::chown(directory.c_str(), owner, readers) == 0);
                REQUIRE(::chmod(directory.c_str(), 0770) == 0);
                {
                    companion runner(owner, there == left::nothing, [&](const auto& then) {
                        ::umask(0);
                        project(directory, 10, then);
                    });
                    if (there != left::runner) runner.end();
                    for (const auto& entry : fs::directory_iterator(directory))
                        REQUIRE(::lchown(entry.path().c_str(), owner, readers) == 0);
                    if (there == left::log_no_shm) fs::remove(directory / "totals.1.db-shm");
                    REQUIRE(::chmod(directory.c_str(), rights) == 0);
                    const auto answer = in_child([&] {
                        become(user);
                        return asked(directory / "totals.db");
                    });
                    const bool may_make = user == 0 || (user == owner && (rights & 0200) != 0);
                    INFO(answer);
                    if (there == left::log_no_shm && !may_make)
                        CHECK(answer.find("open and close it once") != std::string::npos);
                    else
                        CHECK(answer == "9 10");
                    CHECK(owned_by(guest, directory).empty());
                    if (user != 0) CHECK(owned_by(0, directory).empty());
                    if (there == left::runner) runner.end();
                }
                REQUIRE(::chmod(directory.c_str(), 0770) == 0);
                CHECK(in_child([&] {
                          become(owner);
                          project(directory, 10);
                          return asked(directory / "totals.db");
                      }).find("other_store") == std::string::npos);
            }
}

TEST_CASE("a reader without rights to write sees what a runner that starts meanwhile writes, or is told to ask again") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become other users");
        return;
    }
    const temp_dir outer;
    REQUIRE(::chmod(outer.path.c_str(), 0777) == 0);
    const auto directory = outer / "read";
    stele::memory_store store;
    append_some(store, 200);
    const auto catch_up = [&] {
        stele::projection_runner runner{store, directory, {.connection = {.file_mode = fs::perms{0644}}}};
        runner.add<totals>();
        runner.catch_up();
    };
    catch_up();
    int ask[2], told[2];
    REQUIRE(::pipe(ask) == 0);
    REQUIRE(::pipe(told) == 0);
    child reader([&]() -> std::string {
        become(guest);
        auto db = read_model::open_read_only(directory / "totals.db");
        const auto wait = [&] {
            char byte = 'r';
            if (::write(told[1], &byte, 1) != 1 || ::read(ask[0], &byte, 1) != 1) ::_exit(4);
        };
        std::string said;
        {
            auto rows = db.query<int>("SELECT id FROM changes ORDER BY id");
            auto row = rows.begin();
            wait();  // meanwhile there are more events
            const auto fault = error_of([&] {
                for (; row != rows.end(); ++row) {
                }
            });
            said = fault.kind == stele::error_kind::busy && fault.says("ask again") ? "told, " : fault.message;
        }
        said += std::to_string(db.checkpoint().value);
        wait();
        return said + " " + std::to_string(db.checkpoint().value);
    });
    ::close(ask[0]), ::close(told[1]);
    const auto next = [&] {
        char byte = 0;
        if (::read(told[0], &byte, 1) != 1) return;
        append_some(store, 100, 2);
        catch_up();
        REQUIRE(::write(ask[1], &byte, 1) == 1);
    };
    next();
    next();
    CHECK(reader.answer() == "told, 300 400");
    ::close(ask[1]), ::close(told[0]);
}

// SQLite takes FILE-shm for the rest of a writer that was killed if a reader that may not write it meets it in the
// instant in which a writer changes it. Here that instant lasts until the reader has begun to read.
TEST_CASE("a reader that meets FILE-shm while a writer changes it reads again, whatever it reads") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become other users");
        return;
    }
    const temp_dir outer;
    REQUIRE(::chmod(outer.path.c_str(), 0777) == 0);
    const stele::connection_options readable{.file_mode = fs::perms{0644}};
    auto store = stele::sqlite_store::open(outer / "events.db", {.connection = readable});
    append_some(store, 100);
    stele::projection_runner runner{store, outer / "read", {.connection = readable}};
    runner.add<totals>();
    runner.catch_up();
    const auto file = outer / "read" / "totals.db";
    const auto rows = rows_of_totals(outer / "read");
    struct reading {
        std::string name;
        fs::path changed;
        std::function<bool()> is_right;
    };
    std::optional<read_model> open_model;
    std::optional<stele::sqlite_store> open_store;
    const std::vector<reading> readings{
        {"an open read model", file,
         [&] {
             if (!open_model) open_model = read_model::open_read_only(file);
             return rows_of_totals(*open_model) == rows;
         }},
        {"one that is opened", file, [&] { return rows_of_totals(outer / "read") == rows; }},
        {"one that is attached", file,
         [&] {
             auto db = read_model::open_read_only(file);
             db.attach(file, "other");
             return std::get<0>(*db.query_one<int>("SELECT count(*) FROM other.changes")) > 0;
         }},
        {"a comparison", file, [&] { return stele::diff_read_models(file, file).none(); }},
        {"an open store", outer / "events.db",
         [&] {
             if (!open_store) open_store = stele::sqlite_store::open_read_only(outer / "events.db");
             return open_store->head().value == 100 && open_store->event_types().size() > 1;
         }},
        {"a store that is opened", outer / "events.db",
         [&] { return stele::sqlite_store::open_read_only(outer / "events.db").head().value == 100; }},
    };
    for (const auto& [name, changed, is_right] : readings) {
        CAPTURE(name);
        struct progress {
            std::atomic<int> asked{0}, allowed{0}, begun{0};
            std::atomic<bool> ended{false};
        };
        void* const shared =
            ::mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(shared != MAP_FAILED);
        auto& now = *new (shared) progress;
        child reader([&, &read = is_right]() -> std::string {
            become(guest);
            std::string said = "right";
            try {
                for (int i = 1; i <= 300 && said == "right"; ++i) {
                    now.asked = i;
                    while (now.allowed < i) ::usleep(10);
                    now.begun = i;
                    if (!read()) said = "wrong";
                }
            } catch (const stele::error& fault) {
                said = fault.what();
            }
            now.ended = true;
            return said;
        });
        const auto main_file = fs::is_symlink(changed) ? changed.parent_path() / fs::read_symlink(changed) : changed;
        const int index = ::open((main_file.string() + "-shm").c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(index >= 0);
        constexpr off_t checksum = 40;  // of the first copy of the header; the second one is not changed
        char sound = 0;
        REQUIRE(::pread(index, &sound, 1, checksum) == 1);
        const char changing = static_cast<char>(~sound);
        for (int i = 1; !now.ended; ++i) {
            while (!now.ended && now.asked < i) ::usleep(10);
            REQUIRE(::pwrite(index, &changing, 1, checksum) == 1);
            now.allowed = i;
            while (!now.ended && now.begun < i) ::usleep(10);
            REQUIRE(::pwrite(index, &sound, 1, checksum) == 1);
        }
        ::close(index);
        CHECK(reader.answer() == "right");
        ::munmap(shared, sizeof(progress));
    }
}

TEST_CASE("an open read model whose file is removed, moved or replaced says so at the next query") {
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> losses{
        {"removed", [](const fs::path& file) { fs::remove(file); }},
        {"moved", [](const fs::path& file) { fs::rename(file, file.string() + ".old"); }},
        {"replaced",
         [](const fs::path& file) {
             fs::copy_file(file, file.string() + ".copy");
             fs::rename(file.string() + ".copy", file);
         }},
        {"with its directory",
         [](const fs::path& file) { fs::rename(file.parent_path(), file.parent_path() += ".old"); }},
    };
    for (const auto& [what, lose] : losses)
        for (const auto* const name : {"totals.db", "totals.1.db"})
            for (const bool is_attached : {false, true}) {
                CAPTURE(what);
                CAPTURE(name);
                CAPTURE(is_attached);
                const temp_dir outer;
                const auto directory = outer / "read";
                project(directory, 10);
                project(outer / "other", 10);
                auto db = read_model::open_read_only((is_attached ? outer / "other" : directory) / name);
                if (is_attached) db.attach(directory / name, "named");
                CHECK(db.checkpoint().value == 10);
                lose(directory / "totals.1.db");
                for (int i = 0; i < 2; ++i) {
                    const auto fault = error_of([&] { (void)db.checkpoint(); });
                    INFO(fault.message);
                    CHECK(fault.kind == stele::error_kind::io);
                    CHECK(fault.says((directory / "totals").string()));
                }
            }
}
