// Without room for SQLite's temporary files nothing of a store fails but compacting, and that leaves the store open.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>

#include <functional>
#include <map>
#include <vector>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

// Each event changes every row.
struct wide {
    static constexpr auto name = "wide";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE wide (position INTEGER PRIMARY KEY, n INTEGER, text TEXT) STRICT");
    }
    static void project(const Incremented&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO wide VALUES (?1, 0, ?2)", at.position, std::string(2000, 'x'));
        db.execute("UPDATE wide SET n = n + 1");
    }
};

// Makes the opening of temporary files fail with `code`, as SQLite says it where there is no room or no directory.
void refuse_temporary_files(int code) {
    static int refusal = 0;
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    static const auto open = vfs.xOpen;
    refusal = code;
    vfs.zName = "without temporary files";
    vfs.xOpen = [](sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags, int* out) {
        constexpr int temporary =
            SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL;
        file->pMethods = nullptr;
        return (flags & temporary) != 0 ? refusal : open(self, name, file, flags, out);
    };
    REQUIRE(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void append_much(stele::event_store& store) {
    std::vector<stele::event_data> events(1200);
    for (auto& event : events) event = make_event("test.Happened", std::string(3000, 'x'));
    store.append(stream_id{"much-1"}, expected_version::any(), events).value();
}

const std::map<std::string, std::function<void(sqlite_store&, stele::inline_projections&, const fs::path&)>> uses{
    {"truncate",
     [](sqlite_store& store, auto&, const auto&) { store.truncate_stream(stream_id{"much-1"}, {1000}).value(); }},
    {"delete", [](sqlite_store& store, auto&, const auto&) { store.delete_stream(stream_id{"much-1"}).value(); }},
    {"a large append",
     [](sqlite_store& store, auto&, const auto&) {
         const std::vector<stele::event_data> events(1, make_event("test.Happened", std::string(8 << 20, 'x')));
         store.append(stream_id{"much-2"}, expected_version::any(), events).value();
     }},
    {"inline",
     [](sqlite_store& store, auto&, const auto&) {
         for (int i = 0; i < 100; ++i) append(store, 1, incremented(1));
     }},
    {"inline rebuild", [](sqlite_store&, auto& projections, const auto&) { projections.template rebuild<wide>(); }},
    {"a read model",
     [](sqlite_store& store, auto&, const fs::path& directory) {
         for (int i = 0; i < 100; ++i) append(store, 1, incremented(1));
         stele::projection_runner runner{store, directory / "read"};
         runner.add<wide>();
         runner.catch_up();
         runner.rebuild<wide>();
     }},
    {"verify", [](sqlite_store& store, auto&, const auto&) { CHECK(store.verify().is_sound()); }},
    {"backup", [](sqlite_store& store, auto&, const fs::path& directory) { store.backup(directory / "copy.db"); }},
    {"compact",
     [](sqlite_store& store, auto&, const fs::path& directory) {
         const auto fault = error_of([&] { store.compact(); });
         const auto is_said = fault.message.starts_with((directory / "events.db").string()) &&
                              fault.says("the store remains open") && fault.says((directory / "temporary").string());
         if (!is_said) throw std::runtime_error(fault.message);
     }},
};

}  // namespace

TEST_CASE("without room for temporary files nothing fails but compacting, and the store takes the next append") {
    for (const auto& [what, use] : uses)
        for (const int code : {SQLITE_CANTOPEN, SQLITE_FULL}) {
            // Whether there is room for a copy is asked of the directory.
            if (what == "compact" && code == SQLITE_FULL) continue;
            CAPTURE(what);
            CAPTURE(code);
            const temp_dir directory;
            fs::create_directory(directory / "temporary");
            CHECK(in_child([&]() -> std::string {
                      REQUIRE(::setenv("SQLITE_TMPDIR", (directory / "temporary").c_str(), 1) == 0);
                      refuse_temporary_files(code);
                      auto store = sqlite_store::open(directory / "events.db");
                      stele::inline_projections projections{store};
                      projections.add<wide>();
                      append_much(store);
                      use(store, projections, directory.path);
                      append(store, 2, incremented(1));
                      return store.verify().is_sound() ? "as before" : "damaged";
                  }) == "as before");
        }
}

TEST_CASE("a full directory for temporary files is named by compacting, and the store remains open") {
    const temp_dir directory;
    const auto temporary = directory / "temporary";
    fs::create_directory(temporary);
    const auto answer = in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", temporary.c_str(), "tmpfs", 0, "size=64k") != 0)
            return {};
        REQUIRE(::setenv("SQLITE_TMPDIR", temporary.c_str(), 1) == 0);
        auto store = sqlite_store::open(directory / "events.db");
        append_much(store);
        stele::inline_projections projections{store};
        uses.at("compact")(store, projections, directory.path);
        append(store, 2, incremented(1));
        return store.verify().is_sound() ? "as before" : "damaged";
    });
    if (answer.empty())
        MESSAGE("skipped: this needs the right to mount");
    else
        CHECK(answer == "as before");
}
