#include "eventstore/files/name_watch.hpp"

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using stele::detail::name_watch;

void make(const fs::path& file) {
    std::ofstream(file) << "text";
}

/// Looks until the last change of the directory is long enough ago.
void look_until_quiet(name_watch& watch) {
    do {
        watch.look();
        watch.seen();
    } while (!watch.is_quiet());
}

struct change {
    const char* what;
    std::function<void(const fs::path& directory)> make;
};

const std::vector<change> changes{
    {"a file is made", [](const fs::path& in) { make(in / "new"); }},
    {"a file is removed", [](const fs::path& in) { fs::remove(in / "store"); }},
    {"a file is replaced", [](const fs::path& in) { fs::rename(in / "other", in / "store"); }},
    {"a file is moved away", [](const fs::path& in) { fs::rename(in / "store", in.parent_path() / "moved"); }},
    {"a file gets a second name", [](const fs::path& in) { fs::create_hard_link(in / "store", in / "link"); }},
    {"the directory is moved away", [](const fs::path& in) { fs::rename(in, in.parent_path() / "elsewhere"); }},
    {"the directory is replaced",
     [](const fs::path& in) {
         fs::rename(in, in.parent_path() / "elsewhere");
         fs::create_directory(in);
     }},
};

/// A directory with two files; returns what was noticed of the change.
bool notices(const change& each, const std::function<void(name_watch&)>& look) {
    const temp_dir place;
    const auto in = place / "in";
    fs::create_directory(in);
    make(in / "store");
    make(in / "other");
    name_watch watch(in / "store");
    look(watch);
    each.make(in);
    return !watch.is_quiet();
}

}  // namespace

TEST_CASE("each change of names is noticed, in a directory that was quiet and in one that just changed") {
    for (const auto& each : changes) {
        CAPTURE(each.what);
        CHECK(notices(each, look_until_quiet));
        for (int i = 0; i < 100; ++i)  // in the same tick of the clock, and across two
            CHECK(notices(each, [](name_watch& watch) {
                watch.look();
                watch.seen();
            }));
    }
}

TEST_CASE("a directory that has just changed is not quiet, for a second change might have the same time") {
    const temp_dir place;
    name_watch watch(place / "store");
    bool was_in_time = false;
    for (int attempts = 0; attempts < 1000 && !was_in_time; ++attempts) {
        const auto begin = std::chrono::steady_clock::now();
        make(place / std::to_string(attempts));
        watch.look();
        watch.seen();
        const bool is_quiet = watch.is_quiet();
        was_in_time = std::chrono::steady_clock::now() - begin < std::chrono::milliseconds{5};
        if (was_in_time) CHECK_FALSE(is_quiet);
    }
    CHECK(was_in_time);
}

TEST_CASE("what is written into files is no change, and nothing is quiet before it was seen") {
    const temp_dir place;
    make(place / "store");
    name_watch watch(place / "store");
    CHECK_FALSE(watch.is_quiet());
    bool stays_quiet = false;  // unless this thread has to wait for a tenth of a second
    for (int attempts = 0; attempts < 100 && !stays_quiet; ++attempts) {
        look_until_quiet(watch);
        make(place / "store");
        stays_quiet = watch.is_quiet();
    }
    CHECK(stays_quiet);
    watch.look();
    CHECK_FALSE(watch.is_quiet());
    name_watch nowhere(place / "missing" / "store");
    nowhere.look();
    nowhere.seen();
    CHECK_FALSE(nowhere.is_quiet());
}
