#include "projections/generations/generation_set.hpp"

#include "projections/generations/shadow_file.hpp"
#include "projections/runner/same_store.hpp"

#include <stele/eventstore/detail/own_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// Whether a fault says nothing about the file: the same file may be opened the next time. Nothing may be concluded from
// it, least of all that the file can go.
bool is_passing(const error& fault) {
    return fault.kind() == error_kind::busy || fault.kind() == error_kind::io || fault.kind() == error_kind::full;
}

// What is wrong, without the advice: nobody needs to do anything about it.
std::string_view finding_of(const error& damage) {
    const std::string_view text = damage.what();
    return text.substr(0, std::min(text.find("; the file is damaged"), text.find("; it was left untouched")));
}

// Its creation was interrupted, or somebody has removed it.
bool holds_nothing(const std::filesystem::path& file) {
    return size_of(file).value_or(0) == 0;
}

}  // namespace

generation_set::generation_set(event_store& store, const runner_directory& directory,
                               const projection_definition& definition, const projection_runner_options& options)
    : store_(store),
      definition_(definition),
      identity_(identity_of(definition)),
      files_(directory, definition.name),
      connection_(options.connection),
      boot_id_(options.boot_id) {}

void generation_set::expect_same_projection(const generation& built) const {
    const auto& other = built.identity();
    if (other == identity_) return;
    const auto difference =
        other.version != identity_.version
            ? fmt::format("was built by version {} of projection {}, this program has version {}", other.version,
                          identity_.name, identity_.version)
            : fmt::format(
                  "was built by a version {} of projection {} with other events or tables; if this program is the "
                  "newer one, increase `version` in it",
                  other.version, identity_.name);
    throw error{error_kind::needs_rebuild, fmt::format("{}: {}; nothing was changed; {}", built.file().string(),
                                                       difference, advice_to_rebuild(built))};
}

std::string generation_set::advice_to_rebuild(const generation& built) const {
    const auto second = waiting();
    const auto newer = built.identity().version;
    if (newer > identity_.version && !second)
        return fmt::format(
            "run a program with version {}, or, to go back to version {}, rebuild the projection "
            "(projection_runner::rebuild)",
            newer, identity_.version);
    if (!second || files_.file(*second) == built.file())
        return "rebuild the projection (projection_runner::rebuild, or the option rebuild_changed)";
    const auto ways = open(*second).data.identity() == identity_
                          ? "serve it with projection_runner::swap_in, or build another one with rebuild"
                          : "build one of this version with projection_runner::rebuild, or remove it with discard";
    return fmt::format("{} is complete and waits, and while it does, the option rebuild_changed rebuilds nothing: {}",
                       files_.file(*second).string(), ways);
}

void generation_set::expect_same_store(const generation& built) const {
    detail::expect_same_store(store_, built.progress(), built.file().string());
}

std::uint64_t generation_set::serving() const {
    if (const auto number = files_.serving()) return *number;
    throw error{error_kind::io, fmt::format("{}: somebody has removed the read model that serves, or the link to it; "
                                            "destroy the projection_runner and make another, which builds it again",
                                            files_.stable_name().string())};
}

bool generation_set::is_complete(std::uint64_t number) const {
    if (holds_nothing(files_.file(number))) return false;
    try {
        bool complete = false;
        with_read_model(files_.file(number), connection_,
                        [&](connection& db) { complete = read_record(db).progress.complete; });
        return complete;
    } catch (const error& fault) {
        if (is_passing(fault)) throw;
        return false;  // a file that is damaged must not serve
    }
}

bool generation_set::is_unfinished(std::uint64_t number) const {
    if (holds_nothing(files_.file(number))) return true;
    try {
        bool unfinished = false;
        with_read_model(files_.file(number), connection_,
                        [&](connection& db) { unfinished = !read_record(db).progress.complete || shadow_boot_id(db); });
        return unfinished;
    } catch (const error& fault) {
        if (fault.kind() != error_kind::corrupt) throw;  // it may be complete, or of somebody else
        return true;                                     // damaged by a power cut
    }
}

std::optional<std::uint64_t> generation_set::waiting() const {
    const auto current = serving();
    for (const auto number : files_.all() | std::views::reverse)
        if (number > current && is_complete(number)) return number;
    return {};
}

std::optional<std::uint64_t> generation_set::previous() const {
    const auto current = serving();
    for (const auto number : files_.all() | std::views::reverse)
        if (number < current && is_complete(number)) return number;
    return {};
}

numbered_generation generation_set::open(std::uint64_t number) const {
    return {number, generation::open(files_.owner(), files_.file(number), connection_)};
}

generation generation_set::create(std::uint64_t number) const {
    return generation::create(files_.owner(), files_.file(number), definition_, identity_, connection_);
}

generation generation_set::open_serving(const std::function<void(std::string)>& report) const {
    if (const auto number = files_.serving()) {
        try {
            return open_known(*number);
        } catch (const error& damage) {
            if (damage.kind() != error_kind::corrupt) throw;
            // Everything in it can be rebuilt from the events. The file stays, so that the damage can be examined.
            report(fmt::format("{}; the file is left as it is, and a new one is built from all events",
                               finding_of(damage)));
        }
    }
    const auto first = files_.next();
    auto made = create(first);
    files_.serve(first);
    return made;
}

generation generation_set::open_known(std::uint64_t serving) const {
    auto opened = generation::open(files_.owner(), files_.file(serving), connection_);
    if (opened.identity().name != identity_.name)
        throw error{error_kind::foreign_file,
                    fmt::format("{}: is the read model of projection {}, not of {}; it was left untouched; move it "
                                "away",
                                opened.file().string(), opened.identity().name, identity_.name)};
    forget_shadow(opened.db());
    return opened;
}

void generation_set::mark_complete(generation& serving) {
    if (serving.progress().complete) return;
    auto progress = serving.progress();
    progress.complete = true;
    serving.begin();
    try {
        serving.commit(progress);
    } catch (...) {
        serving.rollback();
        throw;
    }
}

numbered_generation generation_set::open_shadow() const {
    const auto current = serving();
    std::optional<numbered_generation> found;
    for (const auto number : files_.all()) {
        // Complete ones stay until the new one is complete.
        if (number <= current || !is_unfinished(number)) continue;
        if (!found)
            if (auto shadow = resume(number)) {
                found.emplace(number, std::move(*shadow));
                continue;
            }
        files_.remove(number);
    }
    if (found) return std::move(*found);
    // The highest number, so that readers of a file that was removed never take the new one for it.
    const auto number = files_.next();
    numbered_generation begun{number, create(number)};
    begin_shadow(begun.data.db(), boot_id_());
    return begun;
}

// Opens a shadow if it may be continued; nothing if it has to be removed.
std::optional<generation> generation_set::resume(std::uint64_t number) const {
    if (holds_nothing(files_.file(number))) return {};
    try {
        auto shadow = generation::open(files_.owner(), files_.file(number), connection_);
        expect_same_projection(shadow);
        expect_same_store(shadow);
        const auto written_in = shadow_boot_id(shadow.db());
        if (!written_in) return {};  // its creation was interrupted
        if (shadow.progress().complete) return shadow;
        if (written_in->empty() || *written_in != boot_id_()) return {};
        resume_shadow(shadow.db());
        return shadow;
    } catch (const error& failure) {
        if (is_passing(failure)) throw;
        return {};
    }
}

void generation_set::sync(numbered_generation& shadow) const {
    sync_file(shadow.data.db());
    files_.sync();
}

void generation_set::complete(numbered_generation& shadow, destination next) const {
    sync(shadow);
    auto& built = shadow.data;
    end_shadow(built.db());
    auto progress = built.progress();
    progress.complete = true;
    built.begin();
    if (next == destination::to_wait) forget_shadow(built.db());
    built.commit(progress);
    sync_file(built.db());
}

void generation_set::serve(generation& current, numbered_generation next) const {
    try {
        files_.serve(next.number);
    } catch (const error&) {
        if (files_.serving() == next.number) current = std::move(next.data);
        throw;
    }
    current = std::move(next.data);
    forget_shadow(current.db());
}

void generation_set::remove_if(const std::function<bool(std::uint64_t)>& is_obsolete) const {
    for (const auto number : files_.all())
        if (is_obsolete(number) && !is_foreign(files_.file(number), connection_)) files_.remove(number);
}

void generation_set::keep_previous(std::uint64_t previous) const {
    remove_if([&, current = serving()](auto number) { return number < current && number != previous; });
}

void generation_set::replace_waiting(std::uint64_t waiting) const {
    remove_if([&, current = serving()](auto number) { return number > current && number < waiting; });
}

void generation_set::discard() const {
    remove_if([current = serving()](auto number) { return number != current; });
}

}  // namespace stele::inline v0::detail
