// What docs/performance.md shows.

#include <stele/eventstore.hpp>
#include <stele/sqlite.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

int main() {
    // [durability]
    auto store = stele::sqlite_store::open("meters.db", {.durability = stele::durability::normal});
    // [/durability]

    // [batch]
    std::vector<stele::event_data> readings;
    for (int hour = 0; hour < 24; ++hour)
        readings.push_back({.type = "shop.MeterRead", .payload = std::to_string(hour)});
    const auto done =
        store.append(stele::stream_id{"meter-1"}, stele::expected_version::any(), readings);  // one commit
    // [/batch]
    fmt::print("{}\n", done ? "a day in one append" : done.error().message());
}
