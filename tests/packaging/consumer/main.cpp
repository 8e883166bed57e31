#include "visits.pb.h"

#include <stele/stele.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <tuple>

namespace hana = boost::hana;

struct page {
    static constexpr auto category = "page";
    static constexpr auto events = hana::tuple_t<visits::PageVisited>;
    static constexpr auto commands = hana::tuple_t<visits::VisitPage>;
    static std::string_view instance_id(const visits::VisitPage& command) { return command.page(); }

    stele::decision<page> decide(const visits::VisitPage& command) const {
        if (count == 2) return stele::reject("worn_out", "page {} was visited {} times", command.page(), count);
        visits::PageVisited visited;
        visited.set_page(command.page());
        return stele::accept(visited);
    }
    void evolve(const visits::PageVisited&) { ++count; }

    int count = 0;
};

struct visits_per_page {
    static constexpr auto name = "visits";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<visits::PageVisited>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE visits (page TEXT PRIMARY KEY, count INT)"); }
    static void project(const visits::PageVisited& e, const stele::recorded_event&, stele::read_model& db) {
        db.execute("INSERT INTO visits VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1", e.page());
    }
};

/// Sends three visits, of which the page accepts two, and queries the read model.
int main() {
    const std::filesystem::path directory = "data";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    auto store = stele::sqlite_store::open(directory / "visits.db");
    stele::command_bus<page> bus{store};
    visits::VisitPage visit;
    visit.set_page("home");
    const bool accepted = bus.send(visit).has_value() && bus.send(visit).has_value();
    const bool rejected = !bus.send(visit).has_value();

    stele::projection_runner runner{store, directory / "read"};
    runner.add<visits_per_page>();
    runner.catch_up();
    auto db = stele::read_model::open_read_only(directory / "read" / "visits.db");
    const auto row = db.query_one<std::int64_t>("SELECT count FROM visits WHERE page = ?1", "home");
    const std::int64_t count = row ? std::get<0>(*row) : 0;

    const auto version = fmt::format("{}.{}.{}", STELE_VERSION_MAJOR, STELE_VERSION_MINOR, STELE_VERSION_PATCH);
    const std::string_view package = PACKAGE_VERSION;
    fmt::print("accepted {}, rejected {}, counted {}, headers {}, package {}\n", accepted, rejected, count, version,
               package);
    return accepted && rejected && count == 2 && (package.empty() || package == version) ? 0 : 1;
}
