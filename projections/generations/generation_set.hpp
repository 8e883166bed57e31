#pragma once

#include "projections/generations/generation.hpp"
#include "projections/generations/generation_directory.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection_runner.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

/// The life of the generations of a read model. Numbers only grow; the stable name is a link to the one that serves.
///
///     (none) ── open_shadow ──▶ shadow          begin, or resume an unfinished one
///     (none) ── open_serving ──▶ serving        the first one, or one in place of a damaged one
///
///     shadow ── complete(to_serve) ──▶ complete ── serve ──▶ serving
///     shadow ── complete(to_wait) ──▶ waiting ── serve ──▶ serving          (swap_in)
///
///     serving ── serve(a higher number) ──▶ previous ── serve ──▶ serving   (rollback)
///     serving ── serve(a lower number) ──▶ waiting
///
///     shadow ── abandon, discard ──▶ gone
///     waiting ── replace_waiting, discard ──▶ gone
///     previous ── keep_previous, discard ──▶ gone
///
/// What tells the states apart on disk (shadow_file.cpp, read_model_file.cpp):
///   - serving: the link leads to it. One that was made by open_serving() is marked `complete` when it first reaches
///     the head of the store.
///   - shadow: not marked `complete`, number above the one that serves. Written without syncs, so it counts only during
///     the run of the machine (boot id) that is recorded in it.
///   - complete: marked, with the record of the shadow. A crash leaves it between complete() and serve(); the next
///     rebuild resumes it, and swap_in() may serve it as if it were waiting.
///   - waiting: marked, number above the one that serves. previous: marked, the highest number below it.
///
/// The order on disk is what makes each step safe against power cuts: all pages of a shadow and its name are synced
/// before the mark is written; the mark is synced before the link is replaced; the link is synced before anything older
/// is removed.
namespace stele::inline v0::detail {

/// A generation that is open, with its number.
struct numbered_generation {
    std::uint64_t number = 0;
    generation data;
};

/// The generations of one projection, and every step from one state to another. Whoever calls it has the lease of the
/// projection's generations (generation_manager); serve() also needs that of the one that serves (serving_generation).
class generation_set {
public:
    /// The store must outlive it.
    generation_set(event_store& store, const runner_directory& directory, const projection_definition& definition,
                   const projection_runner_options& options);

    /// What a read model of the projection, as it is in this program, records about it.
    [[nodiscard]] const projection_identity& identity() const noexcept { return identity_; }

    /// The one that serves; there is one after open_serving(). Throws stele::error (io) if somebody has removed it.
    [[nodiscard]] std::uint64_t serving() const;
    [[nodiscard]] std::filesystem::path serving_file() const { return files_.file(serving()); }
    /// The complete one that waits, the highest if there are several.
    [[nodiscard]] std::optional<std::uint64_t> waiting() const;
    /// The complete one that served before the one that serves.
    [[nodiscard]] std::optional<std::uint64_t> previous() const;

    [[nodiscard]] numbered_generation open(std::uint64_t number) const;
    /// Throws needs_rebuild unless the generation was built by this version of the projection. Says what to do, also
    /// when a waiting generation holds a rebuild back.
    void expect_same_projection(const generation& built) const;
    /// Throws other_store unless it was built from this store.
    void expect_same_store(const generation& built) const;

    /// Opens the one that serves. Makes a first one if there is none; or a new one if it is damaged, which `report`
    /// receives as a message.
    generation open_serving(const std::function<void(std::string)>& report) const;
    /// Marks a serving generation that has reached the head for the first time. No effect if it is marked.
    static void mark_complete(generation& serving);

    /// Resumes the shadow that an unfinished rebuild has left, or begins a new one. A shadow is removed instead of
    /// resumed if another version of the projection wrote it, it is from another store, or pages of it may be lost.
    numbered_generation open_shadow() const;
    /// Syncs what has been written to a shadow so far, and its name.
    void sync(numbered_generation& shadow) const;
    enum class destination : std::uint8_t { to_serve, to_wait };
    void complete(numbered_generation& shadow, destination next) const;
    /// Removes a shadow, which must be closed.
    void abandon(std::uint64_t shadow) const { files_.remove(shadow); }

    /// Lets `next` serve in place of `current`, which it replaces as soon as the link leads to it: also if an error is
    /// thrown because the link may not have reached the disk.
    void serve(generation& current, numbered_generation next) const;

    /// After serve(): removes what is older than the one that serves, except the one that served before.
    void keep_previous(std::uint64_t previous) const;
    /// After complete(to_wait): removes what waited before.
    void replace_waiting(std::uint64_t waiting) const;
    /// Removes all but the one that serves.
    void discard() const;

private:
    [[nodiscard]] generation create(std::uint64_t number) const;
    [[nodiscard]] generation open_known(std::uint64_t serving) const;
    [[nodiscard]] bool is_complete(std::uint64_t number) const;
    [[nodiscard]] bool is_unfinished(std::uint64_t number) const;
    [[nodiscard]] std::optional<generation> resume(std::uint64_t number) const;
    [[nodiscard]] std::string advice_to_rebuild(const generation& built) const;
    void remove_if(const std::function<bool(std::uint64_t)>& is_obsolete) const;

    event_store& store_;
    projection_definition definition_;
    projection_identity identity_;
    generation_directory files_;
    connection_options connection_;
    std::function<std::string()> boot_id_;
};

}  // namespace stele::inline v0::detail
