// Everything that is stored and is a message is watched: commands in journals and states in snapshots as well as
// events.

#include "support/errors.hpp"
#include "support/proto_file.hpp"
#include "support/stores.hpp"
#include "support/tally.hpp"
#include "support/transfers.hpp"

#include <stele/codec/schema.hpp>

#include <algorithm>

using stele::stored_as;
using stele::detail::stored_message;
using testing::error_of;
using proto = testing::proto_file;

namespace {

std::vector<std::string> keys_of(stele::event_store& store, const char* kind) {
    std::vector<std::string> keys;
    for (const auto& each : store.list_documents(kind)) keys.push_back(each.key);
    return keys;
}

std::vector<std::string> messages_of(const std::vector<stele::schema_finding>& findings) {
    std::vector<std::string> lines;
    for (const auto& each : findings) lines.push_back(each.message());
    return lines;
}

using keys = std::vector<std::string>;

stored_message sold(const proto& file) {
    return {.type = "shop.Sold", .message = file.find("Sold")};
}
stored_message command(const proto& file, const std::string& name, const std::string& owner = "reminder") {
    return {.type = "shop." + name, .message = file.find(name), .stored_as = stored_as::command, .owner = owner};
}

/// A projection in memory with snapshots.
struct counted {
    static constexpr auto name = "counted";
    static constexpr auto events = testing::hana::tuple_t<testing::Incremented>;
    using snapshot_type = testing::TallySnapshot;
};

}  // namespace

STORE_TEST_CASE(store, "what consumers name is recorded: events, commands of processes, snapshots") {
    using namespace testing;
    stele::record_schemas<wallet, transfer, transfer_process, tally<>, counted>(*store);
    store.reopen();
    CHECK(keys_of(*store, "schema.command") ==
          keys{"transfer_process/testing.CompleteTransfer/000001", "transfer_process/testing.FailTransfer/000001",
               "transfer_process/testing.PutMoney/000001", "transfer_process/testing.TakeMoney/000001"});
    CHECK(keys_of(*store, "schema.snapshot") ==
          keys{"counted/testing.TallySnapshot/000001", "tally/testing.TallySnapshot/000001"});
    CHECK(std::ranges::count(keys_of(*store, "schema"), "testing.MoneyTaken/000001") == 1);
    CHECK(std::ranges::count(keys_of(*store, "schema"), "testing.TakeMoney/000001") == 0);
    CHECK(stele::check_schemas<transfer_process, wallet>(*store).empty());
}

STORE_TEST_CASE(store, "a command that waits in a deadline keeps its fields, and the finding says where it waits") {
    const proto first{"message Sold {} message Remind { string who = 1; int64 cents = 2; }"};
    const proto added{"message Sold {} message Remind { string whom = 1; int64 cents = 2; bool urgent = 3; }"};
    const proto moved{"message Sold {} message Remind { string who = 1; bool urgent = 2; int64 cents = 3; }"};
    stele::detail::record_schemas(*store, {sold(first), command(first, "Remind")});
    stele::detail::record_schemas(*store, {sold(added), command(added, "Remind")});
    const auto refused =
        error_of([&] { stele::detail::record_schemas(*store, {sold(moved), command(moved, "Remind")}); });
    CHECK(refused.kind == stele::error_kind::incompatible_schema);
    CHECK(
        refused.says("shop.Remind.cents: was number 2 (command shop.Remind in deadlines and journals of the process "
                     "reminder, recorded version 1), is number 3"));
    CHECK(refused.says("they may not be renumbered"));
    CHECK_FALSE(refused.says("upcast"));
    CHECK(keys_of(*store, "schema.command") == keys{"reminder/shop.Remind/000001", "reminder/shop.Remind/000002"});
}

TEST_CASE("a command that its process no longer lists is found, unless it is ignored or another program's") {
    stele::memory_store store;
    const proto file{"message Sold {} message Remind {} message Cancel {}"};
    stele::detail::record_schemas(
        store, {sold(file), command(file, "Remind"), command(file, "Cancel"), command(file, "Remind", "dunning")});
    CHECK(stele::detail::check_schemas(store, {sold(file)}).empty());
    CHECK(messages_of(stele::detail::check_schemas(store, {sold(file), command(file, "Cancel")})) ==
          keys{"shop.Remind: was one of its commands (command shop.Remind in deadlines and journals of the process "
               "reminder, recorded version 1), is gone: not in its `commands`, and not ignored"});
    CHECK(stele::detail::check_schemas(store, {sold(file), command(file, "Cancel"), {.type = "shop.Remind"}}).empty());
    CHECK(stele::detail::check_schemas(store, {sold(file), command(file, "Cancel")}, {.ignored = {"shop.Remind"}})
              .empty());
}

TEST_CASE("a new message for snapshots is recorded beside the old one") {
    stele::memory_store store;
    const proto file{"message Sold {} message State { int64 x = 1; } message StateV2 { int64 x = 2; }"};
    const auto state = [&](const char* name) {
        return stored_message{.type = std::string{"shop."} + name,
                              .message = file.find(name),
                              .stored_as = stored_as::snapshot,
                              .owner = "till"};
    };
    stele::detail::record_schemas(store, {sold(file), state("State")});
    stele::detail::record_schemas(store, {sold(file), state("StateV2")});
    CHECK(keys_of(store, "schema.snapshot") == keys{"till/shop.State/000001", "till/shop.StateV2/000001"});
    const proto changed{"message Sold {} message StateV2 { int64 y = 2; int64 x = 3; }"};
    auto now = state("StateV2");
    now.message = changed.find("StateV2");
    const auto refused = error_of([&] { stele::detail::record_schemas(store, {sold(file), now}); });
    CHECK(
        refused.says("shop.StateV2.x: was number 2 (snapshot shop.StateV2 of till, recorded version 1), is number 3"));
}
