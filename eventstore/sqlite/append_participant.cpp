#include <stele/eventstore/sqlite/detail/append_participant.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

namespace stele::inline v0::detail {

std::string missing_inline_projections(connection& db, const append_participant* participant) {
    // The tables of inline projections are made with the first one (docs/file-format.md).
    if (!db.has_table("stele_inline")) return {};
    std::vector<std::string> missing;
    auto names = db.prepare("SELECT name FROM stele_inline ORDER BY name");
    while (names.step())
        if (const auto name = names.column_bytes(0); participant == nullptr || !participant->has(name))
            missing.emplace_back(name);
    if (missing.empty()) return {};
    const std::string_view them = missing.size() == 1 ? "it" : "them";
    return fmt::format(
        "{}: nothing was appended, because the store has the inline projection{} {}, which this process has not added: "
        "the append would bypass {}. Add {} with inline_projections::add before appending, or drop {} with "
        "inline_projections::remove.",
        db.file(), missing.size() == 1 ? "" : "s", fmt::join(missing, ", "), them, them, them);
}

}  // namespace stele::inline v0::detail
