// A store that was opened read-only refuses everything that writes, before anything happens, and can be followed by
// whatever only reads.

#include "support/board.hpp"
#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/codec/schema.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/fold.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>

#include <fmt/format.h>

#include <map>
#include <optional>

using namespace testing;
using namespace std::chrono_literals;
using stele::document_action;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

int effects_done = 0;

struct notified {
    static constexpr auto name = "notified";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    void project(const Incremented&, const stele::recorded_event&) {}
    static void effect(const Incremented&, const stele::recorded_event&) { ++effects_done; }
};

struct told {
    static constexpr auto name = "told";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void on(const Incremented&, const stele::recorded_event&) { ++effects_done; }
};

struct operation {
    std::string name;
    std::function<void()> run;
};

std::vector<operation> writes_of_events(stele::sqlite_store& store) {
    const stream_id stream{"counter-1"};
    const auto any = expected_version::any();
    return {
        {"append", [=, &store] { (void)store.append(stream, any, make_events(1)); }},
        {"append in conflict",
         [=, &store] { (void)store.append(stream, expected_version::no_stream(), make_events(1)); }},
        {"append_async", [=, &store] { (void)store.append_async(stream, any, make_events(1)); }},
        {"truncate_stream", [=, &store] { (void)store.truncate_stream(stream, {1}); }},
        {"delete_stream", [=, &store] { (void)store.delete_stream(stream); }},
        {"tombstone_stream", [=, &store] { (void)store.tombstone_stream(stream); }},
        {"compact", [&store] { store.compact(); }},
    };
}

std::vector<operation> writes_of_documents(stele::sqlite_store& store) {
    std::vector<operation> all;
    for (const auto& [name, action] :
         {std::pair{"put", document_action::put}, {"add", document_action::add}, {"remove", document_action::remove}})
        all.push_back({name, [&store, action] {
                           const std::vector one{stele::document_write{"kind", "key", "value", action}};
                           (void)store.append({}, one);
                       }});
    return all;
}

std::vector<operation> writes_of_others(stele::sqlite_store& store, const fs::path& directory) {
    return {
        {"inline add", [&store] { stele::inline_projections{store}.add<totals>(); }},
        {"inline rebuild", [&store] { stele::inline_projections{store}.rebuild<labels>(); }},
        {"inline remove", [&store] { stele::inline_projections{store}.remove("labels"); }},
        {"send", [&store] { (void)transfer_bus{store}.send(open_wallet("new")); }},
        {"record_schemas", [&store] { stele::record_schemas<wallet>(store, {.ignored = {"testing.*"}}); }},
        {"effects",
         [&store, directory] {
             stele::projection_runner runner{store, directory / "effects"};
             runner.add<notified>();
             runner.catch_up();
         }},
        {"subscription",
         [&store] {
             stele::subscription_runner runner{store};
             runner.add(told{});
             runner.catch_up();
         }},
        {"removal of a subscription", [&store] { stele::subscription_runner{store}.remove("told"); }},
        {"process",
         [&store] {
             transfer_bus bus{store};
             process_runner runner{store};
             runner.add<transfer_process>(bus);
             runner.catch_up();
         }},
    };
}

std::map<std::string, std::string> bytes_of(const fs::path& directory) {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(directory)) {
        if (!entry.is_regular_file() || entry.path().native().ends_with("-shm")) continue;
        std::string bytes(fs::file_size(entry.path()), '\0');
        std::FILE* const in = std::fopen(entry.path().c_str(), "rb");
        REQUIRE(std::fread(bytes.data(), 1, bytes.size(), in) == bytes.size());
        std::fclose(in);
        all.emplace(entry.path().filename(), bytes);
    }
    return all;
}

}  // namespace

TEST_CASE("every write is refused with one error that names the file and how it was opened") {
    const temp_dir directory;
    const temp_dir elsewhere;
    const auto file = directory / "events.db";
    std::optional<stele::sqlite_store> writer{stele::sqlite_store::open(file)};
    append_some(*writer, 50);
    SUBCASE("with effects and a subscription that have begun") {
        stele::subscription_runner{*writer}.add(told{});
        stele::projection_runner runner{*writer, elsewhere / "writer"};
        runner.add<notified>();
        append_some(*writer, 50, 2);
    }
    stele::inline_projections{*writer}.add<labels>();
    SUBCASE("while somebody has the store open") {}
    SUBCASE("while nobody has it open") {
        writer.reset();
    }
    auto store = stele::sqlite_store::open_read_only(file);
    const auto head = store.head();
    const auto before = bytes_of(directory.path);
    for (const auto& list :
         {writes_of_events(store), writes_of_documents(store), writes_of_others(store, elsewhere.path)})
        for (const auto& [name, run] : list) {
            CAPTURE(name);
            const auto refused = error_of(run);
            INFO(refused.message);
            CHECK(refused.kind == stele::error_kind::read_only);
            CHECK(refused.says(file.string()));
            CHECK(refused.says("open_read_only"));
        }
    CHECK(bytes_of(directory.path) == before);
    CHECK(store.head() == head);
    CHECK(effects_done == 0);
    CHECK(stele::inline_projections{store}.status().size() == 1);
    CHECK(error_of([&] { (void)store.append(stream_id{"a-1"}, expected_version::any(), {}); }).kind ==
          stele::error_kind::invalid_argument);
}

TEST_CASE(
    "who only reads follows a read-only store: folds, loads, projections and their snapshots, while another writes") {
    const temp_dir directory;
    const temp_dir read;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
        append_some(store, 30);
    }
    auto store = stele::sqlite_store::open_read_only(file);
    stele::projection_runner runner{store, read.path};
    runner.add<totals>();
    runner.add<board>();
    runner.start();
    REQUIRE(runner.wait_for<totals>(store.head(), 60s));
    for (unsigned round = 2; round < 6; ++round) {
        const auto head = stele::position{std::stoull(in_child([&] {
            auto writer = stele::sqlite_store::open(file);
            append_some(writer, 40, round);
            return std::to_string(writer.head().value);
        }))};
        CHECK(store.head() == head);
        REQUIRE(runner.wait_for<totals>(head, 60s));
        REQUIRE(runner.wait_for<board>(head, 60s));
        CHECK(rows_of_totals(read.path) == fresh_replay(store));
        CHECK(runner.query<board>([](const board& b) { return b.values; }) == stele::fold<board>(store).values);
    }
    runner.take_snapshot<board>();
    for (const auto& each : runner.status()) CHECK(each.last_error.empty());
}

TEST_CASE("a child of fork() and a handle that was moved from say so") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
        append_some(store, 5);
    }
    auto store = stele::sqlite_store::open_read_only(file);
    const auto head = store.head().value;
    CHECK(in_child([&] {
              if (error_of([&] { (void)store.head(); }).kind != stele::error_kind::closed) return std::string("reads");
              return std::to_string(stele::sqlite_store::open_read_only(file).head().value);
          }) == std::to_string(head));
    auto moved = std::move(store);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    CHECK(error_of([&] { (void)store.head(); }).kind == stele::error_kind::closed);
    CHECK(moved.head().value == head);
    store = stele::sqlite_store::open(file);
    append_some(store, 5);
    CHECK(moved.head() == store.head());
}
