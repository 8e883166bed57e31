#include "bank/program/upkeep.hpp"

#include "bank/domain/money.hpp"
#include "bank/program/interruption.hpp"
#include "bank/read/largest_accounts.hpp"
#include "bank/storage/read_models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

namespace bank {
namespace {

using namespace std::chrono_literals;

// Whether nothing changes any more until something is appended.
bool has_settled(const stele::projection_status& status) {
    return status.state == stele::projection_state::live || status.state == stele::projection_state::faulted;
}

std::string rate_text(double events_per_s) {
    return events_per_s > 0 ? format_count(static_cast<std::uint64_t>(std::llround(events_per_s))) : "";
}

std::string time_text(std::optional<std::chrono::seconds> time) {
    if (!time) return "";
    if (*time < 2min) return fmt::format("{} s", time->count());
    if (*time < 2h) return fmt::format("{} min", std::chrono::ceil<std::chrono::minutes>(*time).count());
    return fmt::format("{} h", std::chrono::ceil<std::chrono::hours>(*time).count());
}

}  // namespace

std::string status_table(const std::vector<stele::projection_status>& all, const ink& ink) {
    table lines("llrrrrrrrr");
    lines.add({"read model", "state", "at", "of", "behind", "events/s", "left", "dead letters", "applied", "ignored"},
              table::shade::dim);
    std::string more;
    for (const auto& status : all) {
        lines.add({status.name, std::string(to_string(status.state)), format_count(status.checkpoint.value),
                   format_count(status.head.value), format_count(status.lag_events), rate_text(status.events_per_s),
                   time_text(status.eta), format_count(status.dead_lettered), format_count(status.applied),
                   format_count(status.ignored)});
        if (status.rebuild)
            more += fmt::format("  {}: the new generation is {}\n", status.name, status.rebuild->message());
        if (!status.last_error.empty()) more += fmt::format("  {}: {}\n", status.name, ink.red(status.last_error));
    }
    return lines.str(ink) + more;
}

bool show_status(const bank_directory& directory, watch how, std::FILE* out) {
    const interruption interruption;
    auto events = open_events(directory);
    auto runner = open_runner(events, directory, {.rebuild_changed = true});
    add_projections(runner);
    runner.add<largest_accounts>();
    runner.start();
    changing_text text(out);
    std::string shown;
    for (bool over = false;;) {
        const auto all = runner.status();
        over = over || (how == watch::until_settled && std::ranges::all_of(all, has_settled));
        auto table = status_table(all, ink::for_output(out));
        if (over || (is_terminal(out) && table != shown)) text.show(table);
        if (over)
            return std::ranges::none_of(
                all, [](const auto& status) { return status.state == stele::projection_state::faulted; });
        shown = std::move(table);
        over = interruption.wait_for(50ms);
    }
}

void rebuild_read_model(const bank_directory& directory, const std::string& name, bool diff, std::FILE* out) {
    auto events = open_events(directory);
    if (name == largest_accounts::name)
        throw refusal(fmt::format("{} is a read model in memory, not in SQL: to rebuild it, remove {}", name,
                                  (directory.read_models() / (name + ".snapshot")).string()));
    auto runner = open_runner(events, directory);
    add_projections(runner);
    const auto all = runner.status();
    if (std::ranges::find(all, name, &stele::projection_status::name) == all.end())
        throw refusal(fmt::format("there is no read model {}: \"bank status\" lists them", name));

    changing_text text(out);
    const auto begin = std::chrono::steady_clock::now();
    runner.rebuild(name, {.progress = [&](const stele::rebuild_progress& progress) {
                       if (is_terminal(out)) text.show(fmt::format("{}: {}\n", name, progress.message()));
                   }});
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    text.show(fmt::format("{}: rebuilt from {} in {:.1f} s\n", name, counted(events.head().value, "event"), seconds));
    if (!diff) return;

    constexpr std::uint64_t shown = 50;
    std::uint64_t found = 0;
    const auto summary = runner.diff(name, [&](const stele::model_difference& difference) {
        if (++found <= shown) fmt::print(out, "  {}\n", difference.message());
        return true;
    });
    if (found > shown) fmt::print(out, "  … and {} more\n", format_count(found - shown));
    fmt::print(out, "{}: {}\n", name, summary.none() ? "no row has changed" : summary.message());
}

}  // namespace bank
