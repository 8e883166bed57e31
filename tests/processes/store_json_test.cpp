// A store in which everything has run, shown by one loop.

#include "support/stores.hpp"
#include "support/tally.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/codec/schema.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/projection_runner.hpp>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <rapidcheck.h>

#include <set>
#include <string>

using namespace testing;
using namespace std::chrono_literals;

namespace {

struct openings {
    static constexpr auto name = "openings";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<WalletOpened>;
    static constexpr auto effects = events;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE openings (wallet TEXT)"); }
    static void project(const WalletOpened&, const stele::recorded_event&, stele::read_model&) {}
    static void effect(const WalletOpened&, const stele::recorded_event&) {}
};

/// Commands, processes with rejections and deadlines, effects, snapshots, removals, events of nobody.
void run_everything(stele::event_store& store) {
    const temp_dir directory;
    stele::record_schemas<wallet>(store);
    stele::manual_clock clock{stele::system_time()};
    transfer_bus bus{store};
    open_wallets(store);
    process_runner processes{store, {.now = clock.reader()}};
    processes.add<transfer_process>(bus);
    send(store, request_transfer("now", "a", "b", 30));
    send(store, request_transfer("late", "a", "b", 5, 10h));
    send(store, request_transfer("never", "a", "b", 5, 20h));
    send(store, request_transfer("too much", "a", "b", 3000));
    processes.catch_up();
    send(store, cancel_transfer("never"));
    processes.catch_up();
    clock.advance(15h);
    processes.catch_up();

    stele::command_bus<tally<>> tallies{store};
    REQUIRE(tallies.send(open("1", "a label")));
    for (int i = 0; i < 12; ++i) REQUIRE(tallies.send(increment("1", 1)));
    stele::projection_runner runner{store, directory.path};
    runner.add<openings>();
    runner.catch_up();

    REQUIRE(store.truncate_stream(stele::stream_id{"wallet-a"}, {2}));
    REQUIRE(store.delete_stream(stele::stream_id{"wallet-lost_and_found"}));
    REQUIRE(store.tombstone_stream(stele::stream_id{"tally-1"}));
    REQUIRE(store.append(stele::stream_id{"x-1"}, stele::expected_version::any(), make_event("gone.Type", "\xff")));
}

bool parses(const std::string& json) {
    google::protobuf::Struct parsed;
    return google::protobuf::util::JsonStringToMessage(json, &parsed).ok();
}

}  // namespace

STORE_TEST_CASE(store, "every event of a store in which everything has run is shown by one loop") {
    run_everything(*store);
    store.reopen();
    const stele::recorded_schemas schemas{*store};
    std::map<std::string, std::string> by_type;
    for (const auto& event : store->read_all().events()) {
        const auto line = schemas.to_json_line<transfer_process, wallet>(event);
        CHECK_MESSAGE(parses(line), line);
        CHECK_MESSAGE(parses(schemas.to_json(event)), line);
        CHECK_MESSAGE(line.contains("\"problem\"") == (event.type == "gone.Type"), line);
        by_type.insert_or_assign(std::string{event.type}, line);
    }
    for (const auto* type :
         {"StreamTruncated", "StreamDeleted", "StreamTombstoned", "ProcessEventHandled", "ProcessCommandRejected",
          "ProcessDeadlineSet", "ProcessDeadlineCancelled", "ProcessDeadlinePassed"})
        CHECK_MESSAGE(by_type.contains(std::string{"stele.v1."} + type), type);
    CHECK(by_type["stele.v1.StreamTruncated"].contains(R"("payload":{"stream":"wallet-a","before":"2"})"));
    CHECK(by_type["stele.v1.ProcessDeadlineSet"].contains(R"("command":{"@type":"testing.TakeMoney","wallet":"a")"));
    CHECK(by_type["stele.v1.ProcessCommandRejected"].contains(R"("command":{"@type":"testing.)"));
    CHECK(by_type["gone.Type"].contains(R"("payload":{"@type":"gone.Type","value":"/w=="})"));
    CHECK(by_type["testing.MoneyPut"].contains("\"causation_id\""));
}

TEST_CASE("random bytes in payload and metadata are shown, and the JSON parses") {
    CHECK(rc::check("random events", [] {
        stele::memory_store store;
        const stele::event_data data{.type = *rc::gen::element<std::string>(
                                         "testing.WalletOpened", "testing.Note", "stele.v1.ProcessDeadlineSet",
                                         "stele.v1.StreamDeleted", "gone.Type", "é\"\\"),
                                     .payload = *rc::gen::arbitrary<std::string>(),
                                     .metadata = *rc::gen::arbitrary<std::string>()};
        RC_ASSERT(store.append(stele::stream_id{"x-1"}, stele::expected_version::any(), data).has_value());
        const stele::recorded_schemas schemas{store};
        for (const auto& event : store.read_all().events()) {
            RC_ASSERT(parses(schemas.to_json_line<wallet>(event)));
            RC_ASSERT(parses(schemas.to_json(event)));
        }
    }));
}
