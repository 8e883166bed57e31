#include "eventstore/sqlite/upgrade/upgrade_watch.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace stele::inline v0 {

std::string_view to_string(upgrade_phase phase) noexcept {
    switch (phase) {
        case upgrade_phase::check: return "check";
        case upgrade_phase::copy: return "copy";
        case upgrade_phase::convert: return "convert";
        case upgrade_phase::index: return "index";
        case upgrade_phase::hash: return "hash";
        case upgrade_phase::verify: return "verify";
    }
    return "unknown";
}

namespace detail {

// Often enough for a bar on a screen, seldom enough to cost nothing.
constexpr std::uint64_t events_per_report = 4096;

void upgrade_watch::begin(upgrade_phase phase, std::uint64_t total) {
    now_ = {.phase = phase, .total = total};
    tell();
}

void upgrade_watch::advance() {
    ++now_.done;
    if (now_.done == now_.total || now_.done % events_per_report == 0 || now_.total < events_per_report) tell();
}

void upgrade_watch::tell() {
    check();
    if (options_.on_upgrade) options_.on_upgrade(now_);
}

void upgrade_watch::check() const {
    if (options_.stop_upgrade.stop_requested())
        throw error(error_kind::closed,
                    fmt::format("{}: the upgrade was stopped; open the store again to upgrade it", file_));
}

void upgrade_watch::watch(connection& db) const {
    // Called every so many steps of SQLite's virtual machine, some milliseconds apart.
    constexpr int steps = 100'000;
    const auto is_stopped = [](void* options) {
        return static_cast<const sqlite_options*>(options)->stop_upgrade.stop_requested() ? 1 : 0;
    };
    sqlite3_progress_handler(db.handle(), steps, is_stopped, const_cast<sqlite_options*>(&options_));
}

}  // namespace detail
}  // namespace stele::inline v0
