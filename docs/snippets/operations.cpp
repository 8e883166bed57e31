// What docs/operations.md shows.

#include <stele/eventstore.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/sqlite.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace {

void append(stele::event_store& store) {
    const stele::event_data event{.type = "shop.OrderPlaced", .payload = "lamp x 5"};
    if (!store.append(stele::stream_id{"order-7"}, stele::expected_version::any(), event)) fmt::print("a conflict\n");
}

// [reopen]
stele::append_outcome append_or_reopen(stele::sqlite_store& store, const std::filesystem::path& file,
                                       const stele::event_data& event) {
    const stele::stream_id order{"order-7"};
    try {
        return store.append(order, stele::expected_version::any(), event);
    } catch (const stele::error& fault) {
        if (fault.kind() != stele::error_kind::io) throw;
    }
    // Whether it was stored is not known. Open the file again, and repeat the append with the same event id.
    store = stele::sqlite_store::open(file);
    return store.append(order, stele::expected_version::any(), event);
}
// [/reopen]

void upgrade() {
    // [upgrade]
    stele::sqlite_options options;
    options.on_upgrade = [](const stele::upgrade_progress& now) {
        fmt::print("upgrade: {} {} of {}\n", to_string(now.phase), now.done, now.total);
    };
    auto store = stele::sqlite_store::open("bank.db", options);
    // [/upgrade]
}

}  // namespace

int main() {
    upgrade();
    auto store = stele::sqlite_store::open("shop.db");
    for (int i = 0; i < 3; ++i) append(store);

    // [backup]
    store.backup("shop-2026-11-25.db");  // while others read and write
    // [/backup]
    {
        // [verify]
        auto copy = stele::sqlite_store::open_read_only("shop-2026-11-25.db");
        const auto found = copy.verify();
        for (const auto& each : found.damage) fmt::print("{}\n", each);
        fmt::print("{} events, {}\n", copy.head(), found.is_sound() ? "sound" : "not sound");
        // [/verify]
    }
    {
        // [read_only]
        auto shop = stele::sqlite_store::open_read_only("shop.db");
        for (const auto& event : shop.read_all().events()) fmt::print("{} {}\n", event.position, event.type);
        // [/read_only]
    }
    // [compact]
    store.compact();
    // [/compact]
    if (!append_or_reopen(store, "shop.db", {.type = "shop.OrderPaid"})) fmt::print("a conflict\n");
    // [version]
    fmt::print("SQLite {}\n", stele::sqlite_store::sqlite_version());
    // [/version]
}
