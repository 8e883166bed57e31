#include "eventstore/sqlite/read_access.hpp"

#include <stele/eventstore/detail/saturating_time.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>

namespace stele::inline v0::detail {
namespace {

constexpr int attempts_at_once = 3;
constexpr std::chrono::milliseconds pause_between{1};

}  // namespace

void read_access::repeat(const std::function<bool(const read_view&)>& attempt) {
    const auto deadline = end_of_wait(options_.busy_timeout);
    for (int done = 1; !attempt(look()); ++done) {
        if (done < attempts_at_once) continue;
        if (std::chrono::steady_clock::now() >= deadline)
            throw error(error_kind::busy,
                        fmt::format("{}: others opened and closed the store again and again while it was to be read, "
                                    "for the whole busy timeout; try again",
                                    file_.string()));
        std::this_thread::sleep_for(pause_between);
    }
}

bool read_access::settle(const read_view& view, const std::function<void()>& read) {
    if (view.mode == open_mode::frozen) {
        try {
            read();
        } catch (const error&) {
            if (look() == view) throw;
            return false;
        }
        return look() == view;
    }
    try {
        read();
        return true;
    } catch (const error& fault) {
        // Who may not write FILE-shm can meet it in the instant in which a writer changes it, and takes that for the
        // rest of a writer that was killed.
        if (fault.engine_code() != SQLITE_READONLY_RECOVERY) throw;
        return false;
    }
}

void read_access::read(const std::function<void(connection&)>& use) {
    repeat([&](const read_view& view) {
        bool opened = false;
        const bool counts = settle(view, [&] {
            const auto db = open(view);
            opened = db != nullptr;
            if (opened) use(*db);
        });
        return counts && opened;
    });
}

std::unique_ptr<connection> access_beside_writer::open(const read_view& view) {
    files_.expect_same();  // where there is no log, SQLite would make another one
    auto opened = std::make_unique<connection>(file(), view.mode, options());
    open_log(*opened);
    files_.expect_same();
    return opened;
}

}  // namespace stele::inline v0::detail
