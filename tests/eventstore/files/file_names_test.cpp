// What the name of a file may be: names that belong to SQLite or to another store, relative names, names of one file
// that has several, and the longest names.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/working_directory.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <optional>
#include <tuple>

using namespace testing;
using stele::error_kind;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

void append_one(sqlite_store& store) {
    store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value();
}

// The head of the store, or the error.
std::string head_of(const fs::path& file) {
    try {
        return std::to_string(sqlite_store::open(file).head().value);
    } catch (const stele::error& fault) {
        return std::string{stele::to_string(fault.kind())} + ": " + fault.what();
    }
}

void expect_refused_for_its_links(const fs::path& file) {
    for (const auto& refused : {error_of([&] { (void)sqlite_store::open(file); }),
                                error_of([&] { (void)sqlite_store::open_read_only(file); })}) {
        CHECK(refused.kind == error_kind::invalid_argument);
        CHECK(refused.says(file.string() + ": the file has 2 names (hard links)"));
        CHECK(refused.says("open it by the name under which it was used last"));
    }
}

}  // namespace

TEST_CASE("a file with hard links opens by the name under which it was used, and by no other") {
    struct way {
        const char* what;
        bool is_killed;       // or else it is closed
        bool has_checkpoint;  // before it ends, so that the main file is not as it was when it was opened
    };
    for (const auto& [what, is_killed, has_checkpoint] : {way{"closed", false, false},
                                                          {"closed, after a checkpoint", false, true},
                                                          {"killed", true, false},
                                                          {"killed, after a checkpoint", true, true}}) {
        CAPTURE(what);
        const temp_dir directory;
        const auto used = directory / "used.db";
        const auto other = directory / "other.db";
        const auto use = [&, checkpoint = has_checkpoint](sqlite_store& store) {
            append_one(store);
            if (checkpoint) store.compact();
        };
        {
            auto store = sqlite_store::open(used);
            append_one(store);
        }
        fs::create_hard_link(used, other);
        expect_refused_for_its_links(other);
        CHECK_FALSE(fs::exists(other.string() + "-lock"));
        {
            std::optional<sqlite_store> store{sqlite_store::open(used)};
            use(*store);
            expect_refused_for_its_links(other);
            CHECK(head_of(used) == "2");
            if (is_killed)
                CHECK(in_child([&] {
                          auto mine = sqlite_store::open(used);
                          use(mine);
                          ::_exit(0);
                          return std::string{};
                      }).empty());
            else
                use(*store);
        }
        expect_refused_for_its_links(other);
        CHECK(head_of(used) == "3");
        fs::remove(used);
        CHECK(head_of(other) == "3");
        fs::create_hard_link(other, used);
        CHECK(head_of(other) == "3");
    }
}

TEST_CASE("a link that leads to a name which belongs to SQLite is refused as that name is") {
    const temp_dir directory;
    auto store = sqlite_store::open(directory / "a.db");
    append_one(store);
    for (const std::string suffix : {"-wal", "-shm", "-journal", "-lock"}) {
        CAPTURE(suffix);
        const auto name = directory / ("b.db" + suffix);
        const auto link = directory / ("link" + suffix + ".db");
        fs::create_symlink(name.filename(), link);
        for (const auto& given : {name, link})
            for (const auto& refused : {error_of([&] { (void)sqlite_store::open(given); }),
                                        error_of([&] { (void)sqlite_store::open_read_only(given); }),
                                        error_of([&] { store.backup(given); })}) {
                CHECK(refused.kind == error_kind::invalid_argument);
                CHECK(refused.says("belongs to the store " + (directory / "b.db").string() + ";"));
                CHECK(refused.says("use a name that does not end in " + suffix));
            }
        CHECK_FALSE(fs::exists(name));
    }
}

TEST_CASE("a URI is no name, and the name that is advised instead is one") {
    const temp_dir directory;
    const working_directory before;
    fs::current_path(directory.path);
    const std::string name = "file:a.db?mode=memory";
    {
        auto store = sqlite_store::open("./" + name);
        append_one(store);
        for (const auto& refused :
             {error_of([&] { (void)sqlite_store::open(name); }),
              error_of([&] { (void)sqlite_store::open_read_only(name); }), error_of([&] { store.backup(name); })}) {
            CHECK(refused.kind == error_kind::invalid_argument);
            CHECK(refused.says("./file:"));
        }
        store.backup("./file:copy.db");
    }
    CHECK(head_of(directory / name) == "1");
    CHECK(head_of(directory / "file:copy.db") == "1");
    // A read model is a file of that name.
    CHECK(error_of([&] { (void)stele::read_model::open_read_only(name); }).says((directory / name).string()));
    CHECK(error_of([&] { (void)stele::read_model::open_read_only("file::memory:"); }).kind == error_kind::io);
    // Open, so that it is read through its log, and not as a file that nobody changes.
    auto store = sqlite_store::open("./file:rows.db?mode=memory");
    stele::inline_projections{store}.add<totals>();
    append(store, 1, opened("one"));
    auto rows = stele::read_model::open_read_only("file:rows.db?mode=memory");
    rows.attach("file:rows.db?mode=memory", "same");
    CHECK(rows.query_one<int>("SELECT count(*) FROM totals JOIN same.totals USING (counter)") == std::tuple{1});
    CHECK(error_of([&] { rows.attach("file::memory:", "none"); }).kind == error_kind::io);
}

TEST_CASE("a backup may have the longest name that there is, whatever its letters") {
    constexpr std::size_t longest = 255;
    const temp_dir directory;
    auto store = sqlite_store::open(directory / "a.db");
    append_one(store);
    std::string two_bytes_each = "x";
    while (two_bytes_each.size() < longest) two_bytes_each += "ä";
    for (const auto& name : {std::string(longest, 'x'), two_bytes_each, std::string(longest - 3, 'x') + ".db"}) {
        CAPTURE(name);
        REQUIRE(name.size() == longest);
        store.backup(directory / name);
        CHECK(error_of([&] { store.backup(directory / name); }).says("a file of that name exists"));
        // A store needs a few letters for the files beside it.
        CHECK(error_of([&] { (void)sqlite_store::open(directory / name); }).says("give a shorter name"));
        fs::rename(directory / name, directory / "short.db");
        CHECK(head_of(directory / "short.db") == "1");
    }
    const auto too_long = error_of([&] { store.backup(directory / std::string(longest + 1, 'x')); });
    CHECK(too_long.kind == error_kind::io);
    CHECK(too_long.says("give a shorter name"));
    for (const auto& entry : fs::directory_iterator(directory.path))
        CHECK(entry.path().native().find(".partial") == std::string::npos);
}

TEST_CASE("a name that SQLite takes for something else than a file is refused") {
    const temp_dir directory;
    auto store = sqlite_store::open(directory / "a.db");
    for (const auto& name : {std::string{}, std::string{":memory:"}, (directory / "b").string() + '\0' + "c"}) {
        CHECK(error_of([&] { (void)sqlite_store::open(name); }).kind == error_kind::invalid_argument);
        CHECK(error_of([&] { store.backup(name); }).kind == error_kind::invalid_argument);
    }
    CHECK_FALSE(fs::exists(directory / "b"));
    CHECK(error_of([&] { (void)sqlite_store::open(directory.path); }).says("is a directory"));
}

TEST_CASE("a store stays the file that it was opened by, wherever the program goes") {
    const temp_dir directory;
    const working_directory before;
    for (const auto* const name : {"mine", "others", "empty"}) fs::create_directory(directory / name);
    {
        auto other = sqlite_store::open(directory / "others" / "a.db");
        REQUIRE(other.append(stream_id{"theirs-1"}, expected_version::any(), make_events(7)));
    }
    fs::current_path(directory / "mine");
    auto store = sqlite_store::open("a.db");
    REQUIRE(store.append(stream_id{"mine-1"}, expected_version::any(), make_events(1)));
    for (const auto* const elsewhere : {"others", "empty"}) {
        fs::current_path(directory / elsewhere);
        CHECK(store.stream_version(stream_id{"theirs-1"}).value == 0);
        REQUIRE(store.append(stream_id{"mine-1"}, expected_version::any(), make_events(1)));
        store.backup("copy.db");
        CHECK(sqlite_store::open("copy.db").head() == store.head());
    }
    CHECK(store.head().value == 3);
}

TEST_CASE("a store is one store by every name that leads to it, or refused") {
    const temp_dir directory;
    fs::create_directory(directory / "data");
    fs::create_symlink("new.db", directory / "data" / "link.db");  // to a file that does not exist yet
    fs::create_directory_symlink("data", directory / "linked");
    auto store = sqlite_store::open(directory / "data" / "link.db");
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
    CHECK(fs::exists(directory / "data" / "new.db-lock"));
    CHECK_FALSE(fs::exists(directory / "data" / "link.db-lock"));
    for (const auto& name : {directory / "data/new.db", directory / "linked/new.db", directory / "linked/link.db"}) {
        auto same = sqlite_store::open(name);
        REQUIRE(same.append(stream_id{"a-1"}, expected_version::any(), make_events(1)));
    }
    CHECK(store.head().value == 4);
    fs::create_hard_link(directory / "data/new.db", directory / "hard.db");
    const auto fault = error_of([&] { (void)sqlite_store::open(directory / "hard.db"); });
    CHECK(fault.kind == error_kind::invalid_argument);
    CHECK(fault.says("2 names (hard links)"));
    CHECK(sqlite_store::open(directory / "data/new.db").head().value == 4);
    fs::create_symlink("round.db", directory / "round.db");
    CHECK(error_of([&] { (void)sqlite_store::open(directory / "round.db"); }).kind == error_kind::io);
}

TEST_CASE("a missing directory is named") {
    const temp_dir directory;
    const auto file = directory / "absent" / "some.db";
    const auto fault = error_of([&] { (void)sqlite_store::open(file); });
    INFO(fault.message);
    CHECK(fault.kind == error_kind::io);
    CHECK(fault.says(file.string()));
}
