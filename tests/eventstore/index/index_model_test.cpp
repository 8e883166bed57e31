// The protocol of the index, tried in every order of its steps: no reader misses an event or sees one twice, and each
// rule of the protocol is needed. docs/event-store.md ("How the index works") names the rules and the steps.

#include "eventstore/index/index_search.hpp"
#include "faults/tools/settings.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using index_model::bounds;
using index_model::rules;

namespace {

// Each has more of one thing, because all of it at once is too much.
std::vector<bounds> all_bounds() {
    if (one_in() > 1) return {{.events = 2, .roll_backs = 0, .readers = {0, 1}}, {.events = 2, .readers = {0}}};
    std::vector<bounds> all = {
        {.roll_backs = 0, .readers = {0}},
        {.events = 2, .readers = {0, 1}},
        {.events = 2, .crashes = 0, .roll_backs = 0, .readers = {0, 0, 1}},
        {.crashes = 0, .roll_backs = 0, .readers = {0, 0}},
        {.events = 4, .crashes = 0, .roll_backs = 0, .readers = {}},
        {.streams = 3, .events = 4, .removals = 0, .crashes = 0, .roll_backs = 0, .readers = {}},
    };
    if (std::getenv("STELE_ALL_FAULTS") != nullptr) {
        all.push_back({.readers = {0}});
        all.push_back({.removals = 0, .readers = {0, 1}});
        all.push_back({.events = 4, .readers = {}});
    }
    return all;
}

// What is found if one of the rules is broken. The bounds are the smallest ones that show it.
std::string broken(bool rules::* rule, const bounds& limits = {.crashes = 0, .roll_backs = 0, .readers = {0}}) {
    rules kept;
    kept.*rule = false;
    const auto found = index_model::search(kept, limits);
    INFO(found.path);
    CHECK(found.violation != "");
    return found.violation;
}

const bounds only_writers{.crashes = 0, .readers = {}};
constexpr const char* missed = "a reader does not see exactly the events of its snapshot, in order";
constexpr const char* too_many = "a reader sees an event twice, or one that is not in its snapshot";
constexpr const char* lost = "W covers an event that is in no run";
constexpr const char* wrong_version = "a writer does not know the version of a stream";

}  // namespace

TEST_CASE("in every order of the steps, each reader sees exactly the events of its snapshot") {
    for (const auto& limits : all_bounds()) {
        const auto found = index_model::search({}, limits);
        INFO(found.path);
        CHECK(found.violation == "");
        CHECK(found.states > 10'000);
        MESSAGE(found.states << " states");
    }
}

TEST_CASE("a protocol without one of its rules for writers fails") {
    CHECK(broken(&rules::publishes_after_commit, only_writers) == wrong_version);
    CHECK(broken(&rules::present_entries_are_skipped) == too_many);
    CHECK(broken(&rules::writer_catches_up) == wrong_version);
}

TEST_CASE("a protocol without one of its rules for merges fails") {
    CHECK(broken(&rules::watermark_with_last_slice) == lost);
    CHECK(broken(&rules::target_is_frozen) == lost);
    CHECK(broken(&rules::rolled_back_slices_are_undone, only_writers) == lost);
    CHECK(broken(&rules::merges_of_others_are_seen) != "");
    CHECK(broken(&rules::gaps_begin_anew) == "a run says what is not so");
}

TEST_CASE("a protocol without one of its rules for the tail fails") {
    CHECK(broken(&rules::tail_kept_until_commit) == missed);
    CHECK(broken(&rules::trim_moves_begin) == missed);
    CHECK(broken(&rules::looks_keep_entries) == missed);
    CHECK(broken(&rules::old_snapshots_are_renewed) == missed);
    CHECK(broken(&rules::gaps_renew_snapshots) == missed);
}

TEST_CASE("a protocol without one of its rules for readers fails") {
    CHECK(broken(&rules::readers_fill_tail) == missed);
    CHECK(broken(&rules::runs_stop_at_watermark) == too_many);
    CHECK(broken(&rules::tail_starts_at_watermark) == too_many);
    CHECK(broken(&rules::readers_use_watermark_of_snapshot) == missed);
    CHECK(broken(&rules::readers_stop_at_head) == too_many);
}

TEST_CASE("what a search finds says how it came about") {
    rules kept;
    kept.writer_catches_up = false;
    CHECK(index_model::search(kept, {.readers = {}}).path ==
          "process 0: write, append to 0\nprocess 0: commit\nprocess 1: write, append to 0\n");
}
