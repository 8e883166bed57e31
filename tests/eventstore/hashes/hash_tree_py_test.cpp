// A program that shares no code with this library, and knows only docs/file-format.md, finds the same leaves and roots.

#include "eventstore/hashes/hashed_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

using testing::hashed_file;

namespace {

// What the program prints, and whether it found nothing wrong.
std::pair<std::string, bool> run_python(const std::filesystem::path& file, const std::string& size = "") {
    const auto command = fmt::format("python3 '{}/tests/eventstore/hashes/hash_tree.py' '{}' {} 2>&1", STELE_SOURCE,
                                     file.string(), size);
    auto* output = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): that is what is tested
    REQUIRE(output != nullptr);
    std::string text;
    for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) text += static_cast<char>(c);
    return {text, ::pclose(output) == 0};
}

bool has_python() {
    if (std::system("python3 -c 'import sqlite3, hashlib' >/dev/null 2>&1") == 0) return true;
    std::puts("skipped: there is no python3 with sqlite3 here");  // ctest looks for this line
    return false;
}

}  // namespace

TEST_CASE("another program finds the same roots, of events with and without tags, removed or not") {
    if (!has_python()) return;
    const temp_dir directory;
    const auto path = directory / "events.db";
    hashed_file file(path);
    CHECK(run_python(path) == std::pair{fmt::format("0 {}\n", file.root(0).str()), true});
    file.append_and_commit(10);
    file.begin();
    file.remove(3);
    file.commit();
    for (int i = 0; i < 3; ++i) {
        CHECK(run_python(path) == std::pair{fmt::format("{} {}\n", file.head(), file.root(file.head()).str()), true});
        file.append_and_commit(210);
        file.begin();
        file.remove(file.head() - 100);
        file.commit();
    }
    file.close();
    for (const std::uint64_t size : {1UL, 257UL, 640UL})
        CHECK(run_python(path, std::to_string(size)) ==
              std::pair{fmt::format("{} {}\n", size, file.root(size).str()), true});
    file.db().execute("UPDATE events SET payload = x'00' WHERE position IN (20, 635)");
    const auto [text, sound] = run_python(path);
    CHECK_FALSE(sound);
    CHECK(text.contains("not the events that were appended: [20, 635]"));
}
