// "Cannot be read just now" is never taken for "empty" or "not there", and no message then advises to remove anything.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

using namespace testing;
namespace fs = std::filesystem;

namespace {

void open_store(const fs::path& directory) {
    auto store = stele::sqlite_store::open(directory / "events.db");
    static_cast<void>(store.head());
}

void open_model(const fs::path& directory) {
    const auto model = stele::read_model::open_read_only(directory / "totals.db");
}

void fill(const fs::path& directory) {
    auto store = stele::sqlite_store::open(directory / "events.db");
    append_some(store, 20);
    stele::projection_runner runner{store, directory};
    runner.add<totals>();
    runner.catch_up();
}

// What the call says in a process in which `take_away` has run.
std::string fault_after(const std::function<bool()>& take_away, const std::function<void()>& use) {
    child process{[&]() -> std::string {
        if (!take_away()) return "skipped";
        try {
            use();
        } catch (const stele::error& fault) {
            return std::string{stele::to_string(fault.kind())} + ": " + fault.what();
        }
        return "no error";
    }};
    return process.answer();
}

bool become_nobody() {
    return ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
}

bool have_no_descriptors() {
    const rlimit none{0, 0};
    return ::setrlimit(RLIMIT_NOFILE, &none) == 0;
}

}  // namespace

TEST_CASE("a file that cannot be read just now is neither empty nor missing, and may not be removed") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only the superuser can become a user without rights");
        return;
    }
    const temp_dir directory;
    const auto inner = directory / "inner";
    fs::create_directory(inner);
    fill(inner);
    struct cause {
        std::string_view says;
        unsigned rights_of_directory;
        bool (*take_away)();
    };
    const std::vector<cause> causes{
        {"Permission denied", 0755, &become_nobody},
        {"Permission denied", 0700, &become_nobody},
        {"too many files open", 0755, &have_no_descriptors},
    };
    const std::vector<std::pair<std::string_view, void (*)(const fs::path&)>> files{{"events.db", &open_store},
                                                                                    {"totals", &open_model}};
    for (const auto& [says, rights, take_away] : causes) {
        fs::permissions(inner, fs::perms{rights});
        for (const auto& [file, use] : files) {
            const auto fault = fault_after(take_away, [&] { use(inner); });
            CAPTURE(fault);
            CHECK(fault.starts_with("io: "));
            for (const auto word : {std::string_view{"inner/"}, file, says})
                CHECK(fault.find(word) != std::string::npos);
            for (const auto* const wrong : {"remove", "delete", "no such", "empty", "run its"})
                CHECK(fault.find(wrong) == std::string::npos);
        }
    }
}

TEST_CASE("a read for which the process has too many files open says so") {
    const temp_dir directory;
    fill(directory.path);
    const auto fault = in_child([&]() -> std::string {
        auto store = stele::sqlite_store::open(directory / "events.db", {.idle_readers = 0});
        if (!have_no_descriptors()) return "skipped";
        return error_of([&] { static_cast<void>(store.head()); }).message;
    });
    CAPTURE(fault);
    CHECK(fault.find("too many files open") != std::string::npos);
    CHECK(fault.find("check the directory") == std::string::npos);
}

TEST_CASE("the first read after open needs no descriptor") {
    const temp_dir directory;
    fill(directory.path);
    CHECK(in_child([&]() -> std::string {
              auto store = stele::sqlite_store::open(directory / "events.db");
              if (!have_no_descriptors()) return "21";
              try {
                  const auto head = store.head().value;
                  for (const auto& event : store.read_all().events())
                      if (event.position.value > head) return "reads past its end";
                  return std::to_string(head + store.stream_version(stele::stream_id{"none-1"}).value + 1);
              } catch (const stele::error& fault) {
                  return fault.what();
              }
          }) == "21");
}

TEST_CASE("a log without its file is kept: nobody advises to remove it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    std::ofstream(file.string() + "-wal") << "commits that are nowhere else";
    const auto refused = error_of([&] { static_cast<void>(stele::sqlite_store::open(file)); });
    CHECK(refused.kind == stele::error_kind::corrupt);
    CHECK(refused.says("put back the file"));
    CHECK_FALSE(refused.says("remove"));
}
