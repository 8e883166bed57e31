// The power fails at every point of a history: the resulting disk is opened again.
//
// A history is performed once and its changes to the disk are recorded. For every point of the record the disk is put
// into a state that a power cut there could leave behind (disk.hpp). The store must open, hold everything acknowledged
// until then and nothing in part, and continue with the rest of the history as if nothing had happened.
//
// To repeat one cut: STELE_SEED=N STELE_CUT=N, as a failure prints it.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/history.hpp"
#include "faults/tools/settings.hpp"
#include "support/merge_events.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

using stele::durability;

namespace {

// A history without an interruption.
struct recorded_history {
    std::vector<disk_change> changes;
    std::vector<attempt> attempts;
    std::vector<std::size_t> closings;
};

class power_loss {
public:
    /// A store that merges its indices after so many events.
    explicit power_loss(durability how, std::optional<std::size_t> merge_events = {})
        : options_(with_merges(stele::sqlite_options{.durability = how, .connection = {.vfs = vfs_.name()}},
                               merge_events)) {}

    recorded_history perform(const std::vector<step>& steps) {
        vfs_.record();
        history all(file_, options_, 1, [this] { return vfs_.recorded(); });
        for (const auto& each : steps) all.perform(each);
        return {vfs_.recording(), all.attempts(), all.closings()};
    }

    // Opens the store in `image`, checks it, continues the history and checks it again.
    void check(const disk_image& image, const recorded_history& past, std::size_t cut) {
        materialise(image, file_);
        auto store = stele::sqlite_store::open(file_, options_);
        const auto content = read_whole(store);
        check_content(content, past.attempts, {.at = cut, .durable_until = durable_until(past, cut)});
        go_on(store, past.attempts, content.head);
        check_content(read_whole(store), past.attempts, {});
    }

    // The same, but the power fails again while the store is reopened and checked.
    void check_twice(const disk_image& image, const recorded_history& past, std::size_t cut, std::uint64_t seed) {
        materialise(image, file_);
        vfs_.record();
        {
            auto store = stele::sqlite_store::open(file_, options_);
            (void)read_whole(store);
        }
        const auto reopening = vfs_.recording();
        disk_model disk{image};
        const auto second_cut = seed % (reopening.size() + 1);
        for (std::size_t i = 0; i < second_cut; ++i) disk.apply(reopening[i]);
        check(disk.random_part(seed), past, cut);
    }

    // The process is killed, which loses nothing that was written; the store is reopened, and then the power fails.
    // What was there after the first must be there after the second, because it may have been read.
    void check_after_crash(disk_model disk, const recorded_history& past, std::size_t cut) {
        materialise(disk.everything(), file_);
        vfs_.record();
        stele::position seen;
        std::size_t opened = 0;
        {
            auto store = stele::sqlite_store::open(file_, options_);
            seen = read_whole(store).head;
            opened = vfs_.recorded();
        }
        const auto reopening = vfs_.recording();
        for (const auto& change : std::span(reopening).first(opened)) disk.apply(change);
        const auto image = disk.only_safe();
        check(image, past, cut);
        materialise(image, file_);
        auto store = stele::sqlite_store::open(file_, options_);
        if (options_.durability == durability::full && store.head() < seen)
            throw broken(
                fmt::format("the head was {} when opened, and is {} after the cut", seen.value, store.head().value));
    }

    [[nodiscard]] const std::string& file() const { return file_; }

private:
    [[nodiscard]] std::size_t durable_until(const recorded_history& past, std::size_t cut) const {
        if (options_.durability == durability::full) return cut;
        std::size_t closed = 0;
        for (const auto closing : past.closings)
            if (closing <= cut) closed = closing;
        return closed;
    }

    // Repeats what the cut has undone, in the original order, and must get the same answers.
    static void go_on(stele::event_store& store, const std::vector<attempt>& attempts, stele::position head) {
        std::vector<const attempt*> undone;
        for (const auto& each : attempts)
            if (each.answered == attempt::answer::accepted && each.position() > head) undone.push_back(&each);
        std::ranges::sort(undone, {}, &attempt::position);
        for (const auto* const each : undone) {
            const auto results = make(store, *each);
            if (!results) throw broken(fmt::format("after the cut, {} is refused", to_string(each->key)));
            if (results->back().position != each->position() || results->back().repeated)
                throw broken(fmt::format("after the cut, {} gets another place", to_string(each->key)));
        }
    }

    fault_vfs vfs_;
    temp_dir directory_;
    std::string file_ = directory_ / "events.db";
    stele::sqlite_options options_;
};

// What is safe changes only at syncs, so the last cut between two syncs is the hardest.
bool is_last_before_sync(const recorded_history& past, std::size_t cut) {
    if (cut >= past.changes.size()) return true;
    const auto next = past.changes[cut].what;
    return next == disk_change::kind::synced || next == disk_change::kind::directory_synced;
}

// Every state that a cut before change number `cut` can leave behind.
std::string check_cut(power_loss& test, const disk_model& disk, const recorded_history& past, std::size_t cut,
                      unsigned variants) {
    const auto seed = run_seed() * 1'000'003 + cut;
    const auto attempt_one = [&](std::string_view mode, const auto& check) {
        try {
            check();
            return std::string{};
        } catch (const std::exception& fault) {
            return fmt::format("STELE_SEED={} STELE_CUT={} ({}; next was: {}): {}", run_seed(), cut, mode,
                               cut < past.changes.size() ? to_string(past.changes[cut]) : "the end", fault.what());
        }
    };
    const auto safe = disk.only_safe();
    std::string problem;
    if (is_last_before_sync(past, cut))
        problem = attempt_one("nothing unsynced survives", [&] { test.check(safe, past, cut); });
    for (unsigned i = 0; i < variants && problem.empty(); ++i)
        if (const auto image = disk.random_part(seed + i); image != safe)
            problem = attempt_one("a random part survives", [&] { test.check(image, past, cut); });
    if (problem.empty() && cut % 5 == 1)
        problem = attempt_one("a kill, then a power cut", [&] { test.check_after_crash(disk, past, cut); });
    if (problem.empty() && cut % 5 == 0)
        problem = attempt_one("the power fails twice", [&] { test.check_twice(safe, past, cut, seed); });
    return problem;
}

void check_cuts(power_loss& test, const recorded_history& past, std::set<std::size_t> cuts, unsigned variants) {
    if (const auto only = environment_number("STELE_CUT"))
        cuts = {*only};
    else
        std::erase_if(cuts, [](std::size_t cut) { return (cut + run_seed()) % one_in() != 0; });
    disk_model disk;
    std::size_t applied = 0;
    std::vector<std::string> problems;
    for (const auto cut : cuts) {
        while (applied < std::min(cut, past.changes.size())) disk.apply(past.changes[applied++]);
        auto problem = check_cut(test, disk, past, cut, variants);
        if (!problem.empty()) problems.push_back(std::move(problem));
        if (problems.size() == 5) break;
    }
    for (const auto& each : problems) MESSAGE(each);
    CHECK(problems.empty());
    MESSAGE(cuts.size() << " cuts of " << past.changes.size() << " changes");
}

// Runs the test once for each of them.
durability each_durability() {
    auto chosen = durability::full;
    SUBCASE("full") {
        chosen = durability::full;
    }
    SUBCASE("normal") {
        chosen = durability::normal;
    }
    return chosen;
}

void check_all_cuts_of_small_history(power_loss& test) {
    const auto past = test.perform(small_history());
    std::set<std::size_t> cuts;
    for (std::size_t cut = 0; cut <= past.changes.size(); ++cut) cuts.insert(cut);
    check_cuts(test, past, std::move(cuts), 2);
}

}  // namespace

TEST_CASE("the power may fail at any change of a small history") {
    power_loss test{each_durability()};
    check_all_cuts_of_small_history(test);
}

TEST_CASE("the power may fail at any change of a small history in which indices are merged all the time") {
    for (const auto events : tiny_merges()) {
        SUBCASE(fmt::format("every {} events", events).c_str()) {
            power_loss test{events == 2 ? durability::normal : durability::full, events};
            check_all_cuts_of_small_history(test);
        }
    }
}

TEST_CASE("the power may fail at any sync, and at many other changes, around the checkpoints of a large history") {
    power_loss test{each_durability()};
    const auto past = test.perform(large_history());
    std::mt19937_64 random{run_seed()};
    std::set<std::size_t> cuts;
    std::map<std::string, std::vector<std::size_t>> writes;  // by file name: the WAL has by far the most
    cuts.insert(past.changes.size());
    for (std::size_t i = 0; i < past.changes.size(); ++i) {
        const auto& change = past.changes[i];
        if (change.what == disk_change::kind::written)
            writes[change.name].push_back(i);
        else
            cuts.insert(i);
    }
    REQUIRE(writes[test.file()].size() > 4000);  // there was a checkpoint, not only at the end
    for (const auto& [name, places] : writes)
        for (int i = 0; i < 6; ++i) cuts.insert(places[random() % places.size()]);
    check_cuts(test, past, std::move(cuts), 1);
}
