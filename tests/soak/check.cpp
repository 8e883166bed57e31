#include "soak/place.hpp"
#include "soak/sums.hpp"

#include <stele/eventstore/format.hpp>
#include <stele/projections/memory/fold.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <ranges>
#include <vector>

namespace soak {
namespace {

struct id_at {
    stele::uuid id;
    std::uint64_t position;
    friend auto operator<=>(const id_at&, const id_at&) = default;
};

std::vector<id_at> acknowledged_in(const place& here) {
    std::vector<id_at> all;
    std::ifstream file(here.acknowledged(), std::ios::binary);
    acknowledgement each{};
    while (file.read(reinterpret_cast<char*>(&each), sizeof each))
        all.push_back({stele::uuid::from_bytes({each.id, sizeof each.id}).value(), each.position});
    std::ranges::sort(all);
    return all;
}

std::vector<std::string> rows_in(const std::filesystem::path& directory) {
    std::vector<std::string> rows;
    auto db = stele::read_model::open_read_only(directory / "sums.db");
    for (auto [counter, value, events] :
         db.query<std::string, std::int64_t, std::int64_t>("SELECT * FROM sums ORDER BY counter"))
        rows.push_back(fmt::format("{} {} {}", counter, value, events));
    return rows;
}

void check_events(const place& here, stele::sqlite_store& store) {
    std::vector<id_at> stored;
    for (const auto& event : store.read_all().events()) stored.push_back({event.id, event.position.value});
    std::ranges::sort(stored);
    if (std::ranges::adjacent_find(stored, {}, &id_at::id) != stored.end()) here.fail("an event is stored twice");
    const auto acknowledged = acknowledged_in(here);
    if (acknowledged.empty()) here.fail("nothing was acknowledged");
    std::vector<id_at> lost;
    std::ranges::set_difference(acknowledged, stored, std::back_inserter(lost));
    for (const auto& each : lost | std::views::take(10))
        here.fail(fmt::format("event {} was acknowledged at position {} and is not there", each.id, each.position));
    fmt::print("{} events were acknowledged, {} are stored, {} are missing\n", acknowledged.size(), stored.size(),
               lost.size());
    const auto found = store.verify();
    for (const auto& each : found.damage) here.fail("the store: " + each);
}

void check_read_models(const place& here, stele::sqlite_store& store) {
    stele::projection_runner runner{store, here.read_models()};
    runner.add<sums>();
    runner.add<sums_in_memory>();
    runner.catch_up();
    const auto fresh_directory = here.path() / "fresh";
    stele::projection_runner fresh{store, fresh_directory};
    fresh.add<sums>();
    fresh.catch_up();
    if (rows_in(here.read_models()) != rows_in(fresh_directory)) here.fail("the read model differs from a fresh one");
    const auto in_memory = runner.query<sums_in_memory>([](const sums_in_memory& all) { return all; });
    if (in_memory != stele::fold<sums_in_memory>(store)) here.fail("the state in memory differs from a fresh fold");
}

}  // namespace

void check(const place& here) {
    auto store = here.open();
    check_events(here, store);
    check_read_models(here, store);
}

}  // namespace soak
