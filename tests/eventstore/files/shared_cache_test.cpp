// What the application has set for its own use of SQLite does not change how a store behaves.

#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <sqlite3.h>

#include <atomic>
#include <thread>

using namespace testing;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;

TEST_CASE("connections share no cache, also where the application has asked SQLite for that") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    CHECK(in_child([&]() -> std::string {
              if (sqlite3_enable_shared_cache(1) != SQLITE_OK) return "refused";
              auto store = sqlite_store::open(file);
              append_some(store, 10);
              stele::projection_runner runner{store, directory / "read"};
              runner.add<totals>();
              runner.catch_up();
              // Rows that are being read, of the store and of a read model, while both are written to.
              auto model = stele::read_model::open_read_only(directory / "read" / "totals.db");
              auto rows = model.query<std::string>("SELECT counter FROM totals");
              auto row = rows.begin();
              std::atomic<bool> end = false;
              std::jthread reader([&] {
                  while (!end)
                      for (const auto& event : store.read_all().events()) static_cast<void>(event.position);
              });
              for (int i = 0; i < 200; ++i)
                  store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value();
              append_some(store, 10, 2);
              runner.catch_up();
              end = true;
              return (*row, "as ever");
          }) == "as ever");
}
