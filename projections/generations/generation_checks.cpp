#include "projections/generations/generation_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace stele::inline v0::detail {

void expect_same_projection(const generation& built, const projection_identity& identity) {
    const auto& was = built.identity();
    if (was == identity) return;
    const auto reason =
        was.version != identity.version
            ? fmt::format("was built by version {} of projection {}, this program has version {}", was.version,
                          identity.name, identity.version)
            : fmt::format(
                  "was built by a version {} of projection {} that declared other events or made other tables; "
                  "count the version up",
                  was.version, identity.name);
    throw error{error_kind::format,
                fmt::format("{}: {}; nothing was touched; rebuild the projection (projection_runner::rebuild)",
                            built.file().string(), reason)};
}

void expect_same_store(const generation& built, event_store& store) {
    const auto& progress = built.progress();
    const auto refuse = [&](std::string_view why) {
        throw error{error_kind::format,
                    fmt::format("{}: {}; this is another store, or one that was restored from a backup; nothing was "
                                "touched; open the right store, or rebuild the projection from this one",
                                built.file().string(), why)};
    };
    if (const auto head = store.head(); progress.checkpoint > head)
        refuse(fmt::format("has seen events up to position {}, but the store ends at {}", progress.checkpoint.value,
                           head.value));
    if (progress.witness.value == 0) return;
    auto read = store.read_all({.after = {progress.witness.value - 1}, .up_to = progress.witness, .limit = 1});
    for (const auto& event : std::move(read).events())
        if (event.id != progress.witness_id)
            refuse(fmt::format("has seen event {} at position {}, where the store has event {}",
                               progress.witness_id.str(), progress.witness.value, event.id.str()));
}

namespace {

bool is_complete(const std::filesystem::path& file) {
    try {
        return read_record(*open_read_model(file)).progress.complete;
    } catch (const error&) {
        return false;  // what cannot be read does not serve
    }
}

}  // namespace

std::optional<std::uint64_t> waiting_generation(const generation_directory& files) {
    const auto serving = files.serving().value();
    for (const auto number : files.all() | std::views::reverse)
        if (number > serving && is_complete(files.file(number))) return number;
    return {};
}

std::optional<std::uint64_t> previous_generation(const generation_directory& files) {
    const auto serving = files.serving().value();
    for (const auto number : files.all() | std::views::reverse)
        if (number < serving && is_complete(files.file(number))) return number;
    return {};
}

}  // namespace stele::inline v0::detail
