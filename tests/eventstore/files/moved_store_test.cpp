// A store whose file was moved says so to whoever reads it, in every way, and never that the file is damaged. Least of
// all does it give the events of the store that another program has made in its place: they share the log by its name.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <map>

using namespace testing;
using stele::error_kind;
using stele::sqlite_store;
namespace fs = std::filesystem;

namespace {

// Another process, which makes a store of that name and has it open until it is destroyed.
class newcomer {
public:
    explicit newcomer(const fs::path& file)
        : process_([file]() -> std::string {
              auto store = sqlite_store::open(file, {.durability = stele::durability::normal});
              append_some(store, 400, 7);
              fs::create_directory(file.string() + ".ready");
              while (true) ::pause();
          }) {
        while (!fs::exists(file.string() + ".ready")) ::usleep(1000);
    }

private:
    child process_;
};

struct user {
    sqlite_store& store;
    fs::path directory;
};

const std::map<std::string, std::function<void(const user&)>> uses{
    {"head", [](const user& it) { (void)it.store.head(); }},
    {"stream_version", [](const user& it) { (void)it.store.stream_version(stele::stream_id{"counter-1"}); }},
    {"read_all", [](const user& it) { (void)lines(it.store.read_all()); }},
    {"read_stream", [](const user& it) { (void)lines(it.store.read_stream(stele::stream_id{"counter-1"})); }},
    {"event_types", [](const user& it) { (void)it.store.event_types(); }},
    {"find_document", [](const user& it) { (void)it.store.find_document("kind", "key"); }},
    {"verify", [](const user& it) { (void)it.store.verify(); }},
    {"backup", [](const user& it) { it.store.backup(it.directory / "copy.db"); }},
    {"inline status", [](const user& it) { (void)stele::inline_projections{it.store}.status(); }},
    {"projection",
     [](const user& it) {
         stele::projection_runner runner{it.store, it.directory / "read"};
         runner.add<totals>();
         runner.catch_up();
     }},
};

void expect_told(const std::string& what, const user& it, const fs::path& file) {
    CAPTURE(what);
    const auto fault = error_of([&] { uses.at(what)(it); });
    INFO(fault.message);
    CHECK(fault.kind == error_kind::io);
    CHECK(fault.says(file.string() + ": the file was moved, deleted or replaced"));
    for (const auto* const wrong : {"malformed", "damaged", "check the directory"}) CHECK_FALSE(fault.says(wrong));
}

}  // namespace

TEST_CASE(
    "a store that was moved while its log was empty, with another in its place, gives none of that one's events") {
    for (const auto& [what, use] : uses)
        for (const bool is_read_only : {false, true})
            for (const auto idle : {std::size_t{0}, std::size_t{4}}) {
                CAPTURE(is_read_only);
                CAPTURE(idle);
                const temp_dir directory;
                const auto file = directory / "events.db";
                {
                    auto store = sqlite_store::open(file);
                    append_some(store, 20);
                }
                const stele::sqlite_options options{.durability = stele::durability::normal, .idle_readers = idle};
                auto store =
                    is_read_only ? sqlite_store::open_read_only(file, options) : sqlite_store::open(file, options);
                REQUIRE(store.head().value == 20);
                fs::rename(file, directory / "away.db");
                const newcomer other(file);
                for (int i = 0; i < 2; ++i) expect_told(what, {store, directory.path}, file);
                CHECK_FALSE(fs::exists(directory / "copy.db"));
            }
}

TEST_CASE("a store whose file is gone says so where it has to open it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = sqlite_store::open(file, {.idle_readers = 0});
    append_some(store, 20);
    fs::rename(file, directory / "away.db");
    for (const auto& [what, use] : uses) expect_told(what, {store, directory.path}, file);
    // Put back, it is read and written again.
    fs::rename(directory / "away.db", file);
    CHECK(store.head().value == 20);
    append_some(store, 1);
}

TEST_CASE("what to do about a file that was taken away is right for that file") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    const auto refusal_of = [&](const std::string& lost, bool is_replaced) {
        for (const auto* const suffix : {"", "-wal", "-shm", "-lock"}) fs::remove(file.string() + suffix);
        auto store = sqlite_store::open(file);
        append_some(store, 1);
        fs::rename(file.string() + lost, directory / "away");
        if (is_replaced) fs::copy_file(directory / "away", file.string() + lost);
        auto fault = error_of([&] {
            static_cast<void>(store.append(stele::stream_id{"a-1"}, stele::expected_version::any(), make_events(1)));
        });
        CHECK(fault.kind == error_kind::io);
        CHECK(fault.says(file.string() + lost + ": the file was moved, deleted or replaced"));
        return fault;
    };
    CHECK(refusal_of("", false).says("put the file back"));
    CHECK(refusal_of("", true).says("another file has its name now"));
    for (const bool is_replaced : {false, true}) {
        const auto fault = refusal_of("-lock", is_replaced);
        CHECK(fault.says("end every program that uses the store, and open it again, which makes a new lock file"));
        CHECK_FALSE(fault.says("put the file back"));
    }
    auto store = sqlite_store::open(file);
    append_some(store, 1);
}

TEST_CASE("a name that cannot be used is told by the name that was given") {
    const temp_dir directory;
    const auto missing = directory / "none" / "events.db";
    auto store = sqlite_store::open(directory / "events.db");
    for (const auto& fault :
         {error_of([&] { (void)sqlite_store::open(missing); }), error_of([&] { store.backup(missing); })}) {
        CHECK(fault.kind == error_kind::io);
        CHECK(fault.message == missing.string() + ": cannot be made: there is no directory " +
                                   missing.parent_path().string() + "; make that first, or give another name");
    }
    CHECK(error_of([&] { (void)sqlite_store::open(directory / "events.db" / "inner.db"); }).says("no directory"));
    const auto name = directory.path.string();
    for (const auto& fault : {error_of([&] { (void)sqlite_store::open(directory.path); }),
                              error_of([&] { (void)sqlite_store::open_read_only(directory.path); }),
                              error_of([&] { store.backup(directory.path); }),
                              error_of([&] { (void)stele::read_model::open_read_only(directory.path); })}) {
        INFO(fault.message);
        CHECK(fault.message.starts_with(name + ": is a directory; name "));
    }
    CHECK(fs::is_empty(directory.path) == false);
}
