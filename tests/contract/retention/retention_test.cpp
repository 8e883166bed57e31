// What policies keep, and how a run goes.

#include "contract/retention/archived.hpp"
#include "support/errors.hpp"
#include "support/projections.hpp"

#include <stele/eventstore/system_events.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <rapidcheck.h>

#include <chrono>
#include <limits>
#include <set>

using stele::expected_version;
using stele::position;
using stele::retention_policy;
using stele::stream_id;
using stele::version;
using namespace std::chrono_literals;
using namespace testing;

namespace {

/// What a policy keeps, by its definition, event by event.
event_map kept(stele::event_store& store, const retention_policy& policy, stele::timestamp now) {
    event_map all;
    const auto events = events_of(store);
    for (const stele::recorded_event& e : store.read_all({.filter = {.system_events = false}}).events()) {
        const auto key = std::pair{std::string{e.stream}, e.version.value};
        const stream_id stream{key.first};
        const bool is_meant = policy.stream == key.first || policy.category == stream.category();
        const bool stays = !is_meant ||
                           e.version.value + policy.keep_events.value_or(1) > store.stream_version(stream).value ||
                           (policy.keep_for && now - e.recorded_at < *policy.keep_for) || e.position > policy.up_to ||
                           (policy.covered_by && e.version > policy.covered_by(stream));
        if (stays) all.insert(*events.find(key));
    }
    return all;
}

retention_policy some_policy(const std::vector<stele::position>& positions) {
    retention_policy policy;
    if (*rc::gen::arbitrary<bool>())
        policy.category = *rc::gen::element<std::string>("a", "b", "none");
    else
        policy.stream = *rc::gen::element<std::string>("a-1", "a-2", "b-1", "c", "none-1");
    policy.keep_events = *rc::gen::inRange(0, 6);
    if (*rc::gen::inRange(0, 3) == 0) policy.keep_events.reset();
    if (*rc::gen::arbitrary<bool>() || !policy.keep_events) policy.keep_for = 0us;  // made longer below
    if (*rc::gen::inRange(0, 3) == 0) policy.up_to = *rc::gen::elementOf(positions);
    if (*rc::gen::inRange(0, 3) == 0)
        policy.covered_by = [covered = *rc::gen::inRange<std::uint64_t>(0, 8)](const auto&) {
            return version{covered};
        };
    return policy;
}

}  // namespace

namespace {

void check_policies(contract_store& store) {
    const temp_dir directory;
    std::uint64_t round = 0;
    CHECK(rc::check([&] {
        ++round;
        std::vector<stele::position> positions;
        for (const auto* stream : {"a-1", "a-2", "b-1", "a-2", "c", "a-1"}) {
            append(*store, stream, *rc::gen::inRange<std::size_t>(1, 4));
            positions.push_back(store->head());
        }
        auto policy = some_policy(positions);
        const auto head = store->last_event();
        const auto now = head->recorded_at;
        if (policy.keep_for) {
            const auto cut = store->last_event({.up_to = *rc::gen::elementOf(positions)});
            policy.keep_for = now - cut->recorded_at;
        }
        const auto before = events_of(*store);
        const auto expected = kept(*store, policy, now);
        stele::retention_options options{
            .dry_run = true, .events_per_commit = *rc::gen::inRange<std::size_t>(1, 4), .now = [&] { return now; }};
        const auto told = stele::apply_retention(*store, {policy}, options);
        RC_ASSERT(events_of(*store) == before);
        options.dry_run = false;
        const bool is_archived = *rc::gen::arbitrary<bool>();
        if (is_archived) options.archive = directory / (std::to_string(round) + ".archive");
        std::uint64_t told_events = 0;
        options.on_stream = [&](const stele::stream_retention& stream, const auto& so_far) {
            told_events += stream.events;
            RC_ASSERT(so_far.events_removed == told_events);
        };
        const auto report = stele::apply_retention(*store, {policy}, options);
        RC_ASSERT(events_of(*store) == expected);
        RC_ASSERT(report.complete);
        RC_ASSERT(report.events_removed == before.size() - expected.size());
        RC_ASSERT(told.events_removed == report.events_removed);
        RC_ASSERT(told.streams_truncated == report.streams_truncated);
        RC_ASSERT(told.streams_seen == report.streams_seen);
        RC_ASSERT(told_events == report.events_removed);
        if (is_archived) {
            auto both = events_of(options.archive);
            RC_ASSERT(both.size() == report.events_archived);
            RC_ASSERT(stele::verify_archive(options.archive).events == both.size());
            both.insert(expected.begin(), expected.end());
            RC_ASSERT(both == before);
        }
        // Again: nothing to do, nothing written.
        options.on_stream = {};
        const auto end = store->head();
        RC_ASSERT(stele::apply_retention(*store, {policy}, options).events_removed == 0U);
        RC_ASSERT(store->head() == end);
    }));
}

}  // namespace

TEST_CASE("what a policy does not keep is removed, told before, and archived, and nothing else") {
    for_tiny_batches(check_policies);
}

namespace {

void check_many_streams(contract_store& store) {
    for (int i = 0; i < 600; ++i) append(*store, "session-" + std::to_string(i), 2);
    append(*store, "session-big", 1000);
    std::stop_source stop;
    const std::vector<retention_policy> policies{{.category = "session", .keep_events = 1}};
    const auto stopped = stele::apply_retention(*store, policies,
                                                {.on_stream =
                                                     [&](const auto&, const auto& so_far) {
                                                         if (so_far.streams_seen == 550) stop.request_stop();
                                                     },
                                                 .stop = stop.get_token()});
    CHECK_FALSE(stopped.complete);
    CHECK(stopped.streams_truncated == 550);
    const auto rest = stele::apply_retention(*store, policies, {.events_per_commit = 100});
    CHECK(rest.complete);
    CHECK(rest.streams_seen == 601);
    CHECK(rest.streams_truncated == 51);
    CHECK(events_of(*store).size() == 601);
    // The records of the removals: no step is larger than was allowed.
    std::uint64_t before = 1;
    std::size_t steps = 0;
    for (const auto& event : store->read_stream(stream_id{"stele-streams"}).events()) {
        const auto removed = stele::as_stream_truncated(event);
        REQUIRE(removed);
        if (removed->stream != "session-big") continue;
        CHECK(removed->before.value - before <= 100);
        before = removed->before.value;
        ++steps;
    }
    CHECK(steps == 10);
}

}  // namespace

TEST_CASE("a run over many streams is stopped and continued, and each commit is small") {
    for_tiny_batches(check_many_streams);
}

STORE_TEST_CASE(store, "policies that cannot be meant are refused before anything is done") {
    append(*store, "session-1", 5);
    const auto refused = [&](const retention_policy& policy, std::string_view says) {
        const auto thrown =
            error_of([&] { stele::apply_retention(*store, {{.stream = "session-1", .keep_events = 0}, policy}); });
        CHECK(thrown.kind == stele::error_kind::invalid_argument);
        CHECK_MESSAGE(thrown.says(says), thrown.message);
    };
    refused({.keep_events = 1}, "a stream or a category");
    refused({.stream = "a-1", .category = "a", .keep_events = 1}, "a stream or a category");
    refused({.category = "a"}, "says nothing");
    refused({.category = "a", .up_to = {3}}, "says nothing");
    refused({.category = "stele", .keep_events = 1}, "belong to the store");
    refused({.stream = "stele-streams", .keep_events = 1}, "belong to the store");
    refused({.category = "a", .keep_for = -1us}, "less than no time");
    // Names that no stream and no category can have.
    refused({.stream = std::string(600, 'x'), .keep_events = 1}, "600");
    refused({.category = std::string(600, 'x'), .keep_events = 1}, "600");
    refused({.category = "a-b", .keep_events = 1}, "a category ends before the first '-'");
    refused({.stream = "a\nb", .keep_events = 1}, "control character");
    refused({.category = "a\nb", .keep_events = 1}, "control character");
    const auto wrong = [&](const stele::retention_options& options) {
        return error_of([&] { stele::apply_retention(*store, {{.stream = "session-1", .keep_events = 0}}, options); })
            .kind;
    };
    CHECK(wrong({.events_per_commit = 0}) == stele::error_kind::invalid_argument);
    CHECK(wrong({.now = {}}) == stele::error_kind::invalid_argument);
    CHECK(events_of(*store).size() == 5);
    CHECK(stele::apply_retention(*store, {}).complete);
    // For ever is for ever, and any time is.
    for (const auto now : {stele::timestamp::min(), stele::timestamp{}, stele::timestamp::max()})
        CHECK(stele::apply_retention(*store, {{.category = "session", .keep_for = std::chrono::hours::max()}},
                                     {.now = [&] { return now; }})
                  .events_removed == 0);
}

STORE_TEST_CASE(store, "streams that others remove during a run are no failure, and deleted ones are not looked at") {
    for (const auto* name : {"s-1", "s-2", "s-3", "s-4"}) append(*store, name, 10);
    REQUIRE(store->delete_stream(stream_id{"s-4"}));
    const temp_dir directory;
    bool done = false;
    const auto report =
        stele::apply_retention(*store, {{.category = "s", .keep_events = 2}},
                               {.archive = directory / "a", .archive_json = [&](const stele::recorded_event& event) {
                                    if (event.stream == "s-3" && !std::exchange(done, true)) {
                                        REQUIRE(store->delete_stream(stream_id{"s-1"}));
                                        REQUIRE(store->tombstone_stream(stream_id{"s-2"}));
                                        append(*store, "s-3", 5);
                                    }
                                    return std::string{};
                                }});
    CHECK(report.streams_seen == 3);
    CHECK(report.streams_failed == 0);
    CHECK(report.events_removed == 8);
    CHECK(report.events_archived == 24);
    CHECK(events_of(*store).size() == 7);
    CHECK(stele::apply_retention(*store, {{.category = "s", .keep_events = 2}}, {.archive = directory / "a"}).complete);
    CHECK(events_of(directory / "a").size() == 29);
}

STORE_TEST_CASE(store, "a run reports what it has removed, and not what others removed meanwhile") {
    const temp_dir directory;
    for (const bool is_archived : {false, true}) {
        CAPTURE(is_archived);
        const std::string name = is_archived ? "t" : "s";
        for (const auto* each : {"-1", "-2", "-3"}) append(*store, name + each, 5);
        bool is_done = false;
        const auto report =
            stele::apply_retention(*store, {{.category = name, .keep_events = 0}},
                                   {.archive = is_archived ? directory / "a" : std::filesystem::path{},
                                    .on_stream = [&](const auto&, const auto&) {
                                        if (std::exchange(is_done, true)) return;
                                        REQUIRE(store->truncate_stream(stream_id{name + "-2"}, version{4}));
                                        REQUIRE(store->truncate_stream(stream_id{name + "-3"}, version{6}));
                                    }});
        CHECK(report.complete);
        CHECK(report.streams_seen == 3);
        CHECK(report.streams_failed == 0);
        CHECK(report.events_removed == 7);
        CHECK(report.streams_truncated == 2);
    }
}

namespace {

/// Holds what it has heard of, and lets nothing of "held-…" be removed.
struct guard {
    static constexpr auto name = "guard";
    static constexpr int version = 1;
    static constexpr auto events = boost::hana::tuple_t<stele::stream_truncated>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE guarded (stream TEXT)"); }
    static std::optional<stele::rejection> project(const stele::stream_truncated& removed, const stele::recorded_event&,
                                                   stele::read_model&) {
        if (removed.stream.starts_with("held-bad")) throw std::runtime_error("no idea");
        if (removed.stream.starts_with("held-")) return stele::reject("held", "{} is held", removed.stream);
        return std::nullopt;
    }
};

}  // namespace

TEST_CASE("a stream that an inline projection holds fails alone, and its events are archived once") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    for (const auto* name : {"held-1", "held-2", "held-bad", "held-x"}) append(store, name, 10);
    append(store, "free-1", 10);
    const std::vector<retention_policy> policies{{.category = "held", .keep_events = 4},
                                                 {.category = "free", .keep_events = 4},
                                                 {.stream = "held-1", .keep_events = 0}};
    const auto before = events_of(store);
    std::set<std::string> failed;
    {
        stele::inline_projections applied{store};
        applied.add<guard>();
        for (int i = 0; i < 2; ++i) {
            failed.clear();
            const auto report = stele::apply_retention(
                store, policies,
                {.archive = directory / "a", .events_per_commit = 4, .on_stream = [&](const auto& stream, const auto&) {
                     if (!stream.failure.empty()) failed.insert(stream.stream + ": " + stream.failure);
                 }});
            CHECK(report.complete);
            CHECK(report.streams_failed == 4);
            CHECK(report.failures.size() == 4);
            CHECK(report.events_removed == (i == 0 ? 6 : 0));
            REQUIRE(failed.size() == 4);
            CHECK(failed.begin()->contains("held-1 is held"));
            CHECK(stele::apply_retention(store, policies, {.events_per_commit = 4}).streams_failed == 4);
        }
    }
    CHECK(events_of(store).size() == 44);
    stele::inline_projections{store}.remove("guard");
    const auto report = stele::apply_retention(store, policies, {.archive = directory / "a"});
    CHECK(report.streams_failed == 0);
    auto both = events_of(directory / "a");
    const auto rest = events_of(store);
    CHECK(rest.size() == 16);
    CHECK(both.size() + rest.size() == before.size());
    both.insert(rest.begin(), rest.end());
    CHECK(both == before);
}
