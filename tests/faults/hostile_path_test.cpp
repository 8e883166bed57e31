// Every function that takes a path, with every kind of path that cannot be used: it throws a stele::error that says
// which, and nothing else.

#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

using namespace testing;
namespace fs = std::filesystem;

namespace {

/// What is there before a path is made hostile.
struct setting {
    temp_dir directory;
    stele::sqlite_store store =
        stele::sqlite_store::open(directory / "good.db", {.durability = stele::durability::normal});
    fs::path read = directory / "read";

    setting() {
        append(store, 1, opened());
        stele::projection_runner runner{store, read};
        runner.add<totals>();
        runner.catch_up();
    }
};

struct taker {
    const char* name;
    std::function<void(setting&, const fs::path&)> take;
};

const std::vector<taker> takers{
    {"sqlite_store::open", [](setting&, const fs::path& p) { (void)stele::sqlite_store::open(p); }},
    {"backup", [](setting& s, const fs::path& p) { s.store.backup(p); }},
    {"projection_runner", [](setting& s, const fs::path& p) { stele::projection_runner{s.store, p}.add<totals>(); }},
    {"read_model::open_read_only", [](setting&, const fs::path& p) { (void)stele::read_model::open_read_only(p); }},
    {"attach",
     [](setting& s, const fs::path& p) {
         auto db = stele::read_model::open_read_only(s.read / "totals.db");
         db.attach(p, "other");
     }},
    {"diff_read_models, the old one",
     [](setting& s, const fs::path& p) { (void)stele::diff_read_models(p, s.read / "totals.db"); }},
    {"diff_read_models, the new one",
     [](setting& s, const fs::path& p) { (void)stele::diff_read_models(s.read / "totals.db", p); }},
};

struct hostile {
    const char* name;
    std::function<fs::path(const setting&)> make;
};

const std::vector<hostile> paths{
    {"no name", [](const setting&) { return fs::path{}; }},
    {"a name of 5000 letters", [](const setting& s) { return s.directory / std::string(5000, 'x'); }},
    {"a path of 5000 letters",
     [](const setting& s) {
         auto deep = s.directory.path;
         for (int i = 0; i < 50; ++i) deep /= std::string(100, 'x');
         return deep;
     }},
    {"a link to itself",
     [](const setting& s) {
         fs::create_symlink("loop", s.directory / "loop");
         return s.directory / "loop";
     }},
    {"a loop of links on the way",
     [](const setting& s) {
         fs::create_symlink("there", s.directory / "here");
         fs::create_symlink("here", s.directory / "there");
         return s.directory / "here" / "events.db";
     }},
    {"a file on the way",
     [](const setting& s) {
         std::ofstream{s.directory / "file"} << "text";
         return s.directory / "file" / "events.db";
     }},
    {"a zero byte", [](const setting& s) { return s.directory / std::string{"a\0b", 3} / "c"; }},
    {"a fifo",
     [](const setting& s) {
         REQUIRE(::mkfifo((s.directory / "fifo").c_str(), 0600) == 0);
         return s.directory / "fifo";
     }},
    {"a device", [](const setting&) { return fs::path{"/dev/null"}; }},
};

/// What the call throws: "" for nothing, "!" and more for what is no stele::error.
std::string thrown_by(const std::function<void()>& action) {
    try {
        action();
    } catch (const stele::error& fault) {
        return std::string{to_string(fault.kind())} + ": " + fault.what();
    } catch (const std::exception& other) {
        return std::string{"!"} + typeid(other).name() + ": " + other.what();
    }
    return {};
}

void check_refused(const std::string& thrown) {
    CHECK_MESSAGE(!thrown.empty(), "nothing was thrown");
    CHECK_MESSAGE(!thrown.starts_with("!"), thrown);
}

}  // namespace

TEST_CASE("a path that cannot be used is a stele::error") {
    for (const auto& path : paths)
        for (const auto& taker : takers) {
            INFO((std::string{taker.name} + " of " + path.name));
            setting s;
            const auto given = path.make(s);
            check_refused(thrown_by([&] { taker.take(s, given); }));
            CHECK(s.store.append(stele::stream_id{"counter-1"}, stele::expected_version::any(), make_events(1)));
        }
}

TEST_CASE("a name of bytes that are no text is a name like others") {
    const setting s;
    const auto name = s.directory / "a\xFF\xFE";
    auto store = stele::sqlite_store::open(name);
    append(store, 1, opened());
    store.backup(s.directory / "b\xFF");
    stele::projection_runner runner{store, s.directory / "c\xFF"};
    runner.add<totals>();
    runner.catch_up();
    CHECK(stele::read_model::open_read_only(s.directory / "c\xFF" / "totals.db").checkpoint() == store.head());
}

TEST_CASE("a relative path without a working directory is a stele::error") {
    for (const auto& taker : takers) {
        INFO(std::string{taker.name});
        const auto thrown = in_child([&] {
            setting s;
            const auto gone = s.directory / "gone";
            fs::create_directory(gone);
            if (::chdir(gone.c_str()) != 0 || ::rmdir(gone.c_str()) != 0) return std::string{"!no place"};
            return thrown_by([&] { taker.take(s, "events.db"); });
        });
        check_refused(thrown);
    }
}

TEST_CASE("a directory without rights is a stele::error") {
    for (const auto& taker : takers) {
        INFO(std::string{taker.name});
        const auto thrown = in_child([&]() -> std::string {
            constexpr unsigned nobody = 65534;
            if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) return "skipped";
            setting s;
            const auto closed = s.directory / "closed";
            fs::create_directory(closed);
            ::chmod(closed.c_str(), 0);
            auto fault = thrown_by([&] { taker.take(s, closed / "events.db"); });
            ::chmod(closed.c_str(), 0700);
            return fault;
        });
        check_refused(thrown);
    }
}
