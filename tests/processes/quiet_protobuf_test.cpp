// Protobuf's own lines never reach stderr, whatever bytes come along; those that the application causes do.

#include "support/stores.hpp"
#include "support/tally.hpp"
#include "support/transfer_helpers.hpp"
#include "testing.pb.h"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/detail/quiet_protobuf.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/projections/memory/fold.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>

using namespace testing;
using stele::expected_version;
using stele::stream_id;

namespace {

/// What `action` makes the program print to stderr.
std::string printed_by(const std::function<void()>& action) {
    const temp_dir directory;
    const auto file = directory / "stderr";
    const int kept = ::dup(STDERR_FILENO);
    const int to = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE((kept >= 0 && to >= 0));
    ::dup2(to, STDERR_FILENO);
    action();
    ::dup2(kept, STDERR_FILENO);
    ::close(to);
    ::close(kept);
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// A field 1 and a field 2 with a text that is not UTF-8: what Protobuf refuses with a line about it.
const std::string bad_text = std::string{"\x0a\x01\xff\x12\x01\xff", 6};

struct notes {
    static constexpr auto events = hana::tuple_t<Note>;
    void project(const Note&, const stele::recorded_event&) {}
};

/// Calls `action`; an error is expected.
void refused(const std::function<void()>& action) {
    try {
        action();
    } catch (const stele::error&) {
    }
}

void replace(stele::event_store& store, const std::string& kind) {
    for (const auto& each : store.list_documents(kind))
        (void)store.append({}, std::vector<stele::document_write>{{kind, each.key, bad_text}});
}

}  // namespace

TEST_CASE("the lines of the application itself are printed, also while other threads are quiet") {
    const auto line = printed_by([] {
        const stele::detail::quiet_protobuf quiet;
        std::jthread{[] { (void)Note{}.ParseFromString(bad_text); }};
    });
    CHECK(line.contains("UTF-8"));
    CHECK(printed_by([] {
              const stele::detail::quiet_protobuf quiet;
              (void)Note{}.ParseFromString(bad_text);
          }).empty());
}

TEST_CASE("hostile bytes print nothing on any way in") {
    stele::memory_store store;
    stele::record_schemas<wallet, notes>(store);
    open_wallets(store);
    stele::manual_clock clock;
    transfer_bus bus{store};
    stele::command_bus<tally<>> tallies{store};
    REQUIRE(tallies.send(open("1", "label"), {.idempotency_key = stele::uuid::v5({}, "key")}));
    for (int i = 0; i < 12; ++i) REQUIRE(tallies.send(increment("1", 1)));
    {
        process_runner processes{store, {.now = clock.reader()}};
        processes.add<transfer_process>(bus);
        send(store, request_transfer("late", "a", "b", 5, std::chrono::hours{10}));
        processes.catch_up();
    }
    auto hostile = make_event("testing.Note", bad_text);
    hostile.metadata = bad_text;
    REQUIRE(store.append(stream_id{"note-1"}, expected_version::any(), hostile));
    REQUIRE(
        store.append(stream_id{"stale-1"}, expected_version::any(), make_event("stele.v1.StreamDeleted", bad_text)));
    REQUIRE(store.append(stream_id{"wallet-a"}, expected_version::any(), make_event("testing.MoneyTaken", bad_text)));
    REQUIRE(store.append(stream_id{"transfer_process-late"}, expected_version::any(),
                         make_event("stele.v1.ProcessDeadlineSet", bad_text)));

    CHECK(printed_by([&] {
              refused([&] { (void)stele::decode_metadata(bad_text); });
              refused([&] { (void)stele::fold<notes>(store); });
              refused([&] { stele::decode_each<notes>(store.read_all(), [](const auto&, const auto&) {}); });
              refused([&] { (void)stele::load<wallet>(store, stele::stream_of<wallet>("a")); });
              refused([&] { (void)bus.dispatch("testing.TakeMoney", bad_text); });
              for (const auto* json : {"{\"wallet\":\"\xff\"}", "{\"wallet\":\"\\ud800\"}", "{", "", "{\"x\":1}"})
                  refused([&] { (void)bus.dispatch_json("testing.TakeMoney", json); });
              const stele::recorded_schemas schemas{store};
              for (const auto& event : store.read_all().events()) {
                  (void)schemas.to_json(event);
                  (void)schemas.to_json_line<wallet, notes>(event);
              }
              Note note;
              note.set_title("\xff");
              refused([&] { (void)stele::encode(note); });
              refused([&] { (void)tallies.send(open("2", "\xff"), {.idempotency_key = stele::uuid::v5({}, "2")}); });
              for (const auto* kind : {"snapshot", "receipt", "deadline", "process", "schema"}) replace(store, kind);
              refused([&] { (void)stele::load<tally<>>(store, stele::stream_of<tally<>>("1")); });
              refused([&] { (void)tallies.send(open("1", "label"), {.idempotency_key = stele::uuid::v5({}, "key")}); });
              refused([&] { (void)stele::recorded_schemas{store}; });
              refused([&] { stele::record_schemas<wallet>(store); });
              clock.advance(std::chrono::hours{20});
              refused([&] {
                  process_runner processes{store, {.now = clock.reader()}};
                  processes.add<transfer_process>(bus);
                  processes.catch_up();
              });
          }) == "");
}
