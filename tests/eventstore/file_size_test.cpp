// A limit on the size of files (ulimit -f) is told as what it is, nothing is half done, and work goes on once the limit
// is raised. The limit is that of a process, so each case runs in one of its own.

#include "support/board.hpp"
#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <optional>

using namespace testing;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

// No file of this process may grow beyond `bytes` from now on.
void limit_files(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // it would end the process
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

void append(stele::event_store& store, int count) {
    for (int i = 0; i < count; ++i)
        store.append(stream_id{"a-1"}, expected_version::any(), std::vector{make_event("t.T", std::string(9000, 'x'))})
            .value();
}

// Empty if the error is `full`, and says which limit it is.
std::string judged(const std::function<void()>& action) {
    const auto told = error_of(action);
    if (told.kind != stele::error_kind::full) return std::string(to_string(told.kind)) + ": " + told.message;
    return told.says("ulimit -f") ? "" : told.message;
}

}  // namespace

TEST_CASE("an append beyond the limit of file sizes") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    CHECK(in_child([&]() -> std::string {
              std::optional<stele::sqlite_store> store = stele::sqlite_store::open(file);
              append(*store, 10);
              limit_files(1U << 20);
              std::uint64_t last = 10;
              auto problem = judged([&] {
                  while (true) {
                      append(*store, 1);
                      last += 1;
                  }
              });
              if (!problem.empty()) return problem;
              if (store->head().value != last) return "the head is not where the last append was";
              if (error_of([&] { append(*store, 1); }).kind != stele::error_kind::closed) return "it goes on";
              limit_files(RLIM_INFINITY);
              store.reset();
              store = stele::sqlite_store::open(file);
              if (store->head().value != last) return "not all is there when it is opened again";
              append(*store, 50);
              return ask_sql(file, "PRAGMA integrity_check");
          }) == "ok");
}

TEST_CASE("a backup beyond the limit of file sizes") {
    const temp_dir directory;
    const temp_dir target;
    CHECK(in_child([&]() -> std::string {
              auto store = stele::sqlite_store::open(directory / "events.db");
              append(store, 200);
              limit_files(1U << 20);
              auto problem = judged([&] { store.backup(target / "copy.db"); });
              if (!problem.empty()) return problem;
              if (!fs::is_empty(target.path)) return "files are left";
              limit_files(RLIM_INFINITY);
              store.backup(target / "copy.db");
              append(store, 1);
              return std::to_string(stele::sqlite_store::open(target / "copy.db").head().value);
          }) == "200");
}

TEST_CASE("a rebuild beyond the limit of file sizes") {
    const temp_dir directory;
    CHECK(in_child([&]() -> std::string {
              stele::memory_store store;
              append_some(store, 3000);
              stele::projection_runner runner{store, directory.path};
              runner.add<totals>();
              runner.catch_up();
              const auto rows = rows_of_totals(directory.path);
              limit_files(64U << 10);
              auto problem = judged([&] { runner.rebuild<totals>(); });
              if (!problem.empty()) return problem;
              if (rows_of_totals(directory.path) != rows) return "what serves has changed";
              limit_files(RLIM_INFINITY);
              runner.rebuild<totals>();
              return rows_of_totals(directory.path) == rows ? "as before" : "the rows are others";
          }) == "as before");
}

TEST_CASE("a snapshot beyond the limit of file sizes leaves nothing behind") {
    const temp_dir directory;
    CHECK(in_child([&]() -> std::string {
              stele::memory_store store;
              append_some(store, 10);
              stele::projection_runner runner{store, directory.path};
              runner.add<board>();
              runner.catch_up();
              limit_files(8);
              auto problem = judged([&] { runner.take_snapshot<board>(); });
              if (!problem.empty()) return problem;
              for (const auto& entry : fs::directory_iterator(directory.path))
                  if (entry.path().string().contains("snapshot")) return entry.path().filename().string();
              limit_files(RLIM_INFINITY);
              runner.take_snapshot<board>();
              return fs::exists(directory / "board.snapshot") ? "written" : "not written";
          }) == "written");
}
