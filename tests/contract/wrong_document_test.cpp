// Numbers in documents and snapshots that are never written: an error that names the place, or a right result.

#include "support/board.hpp"
#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/tally.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/commands/command_bus.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>

using namespace testing;
using google::protobuf::Message;
using stele::error_kind;
using stele::stream_id;

namespace {

const std::vector<std::uint64_t> too_great{(std::uint64_t{1} << 62) + 1, std::uint64_t{1} << 63,
                                           std::numeric_limits<std::uint64_t>::max() - 1,
                                           std::numeric_limits<std::uint64_t>::max()};

// A message of the file formats, by its name.
std::unique_ptr<Message> parsed(const std::string& name, std::string_view bytes) {
    const auto* const type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    REQUIRE(type != nullptr);
    std::unique_ptr<Message> message{google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New()};
    REQUIRE(message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    return message;
}

std::vector<std::string> numbers_of(const std::string& name) {
    std::vector<std::string> found;
    const auto empty = parsed(name, {});
    for (int i = 0; i < empty->GetDescriptor()->field_count(); ++i)
        if (const auto* field = empty->GetDescriptor()->field(i); field->type() == field->TYPE_UINT64)
            found.push_back(field->name());
    REQUIRE(!found.empty());
    return found;
}

std::string with_number(const std::string& name, std::string_view bytes, const std::string& field,
                        std::uint64_t value) {
    const auto message = parsed(name, bytes);
    message->GetReflection()->SetUInt64(message.get(), message->GetDescriptor()->FindFieldByName(field), value);
    return message->SerializeAsString();
}

void put(stele::event_store& store, std::string kind, std::string key, std::string value) {
    const std::vector<stele::document_write> documents{
        {.kind = std::move(kind), .key = std::move(key), .value = std::move(value)}};
    REQUIRE(store.append({}, documents));
}

// Calls `use` with each number of the only document of a kind set to each wrong value.
void for_each_number(stele::event_store& store, const std::string& kind, const std::string& name,
                     const std::function<void()>& use) {
    const auto all = store.list_documents(kind);
    REQUIRE(all.size() == 1);
    for (const auto& field : numbers_of(name))
        for (const auto value : too_great) {
            CAPTURE(field);
            CAPTURE(value);
            put(store, kind, all[0].key, with_number(name, all[0].value, field, value));
            use();
        }
    put(store, kind, all[0].key, all[0].value);
}

// A projection with an effect.
struct noted {
    static constexpr auto name = "noted";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) { sum += event.by(); }
    static void effect(const Incremented&, const stele::recorded_event&) {}
};

}  // namespace

STORE_TEST_CASE(store, "the checkpoint of a process") {
    open_wallets(*store);
    send(*store, request_transfer("1", "a", "b", 30));
    catch_up(*store);
    for_each_number(*store, "process", "stele.v1.ProcessCheckpoint", [&] {
        const auto failure = error_of([&] { catch_up(*store); });
        CHECK(failure.kind == error_kind::corrupt);
        CHECK(failure.says("process transfer_process: its checkpoint in the store is "));
    });
    catch_up(*store);
    CHECK(balance(*store, "b") == 30);
}

STORE_TEST_CASE(store, "the checkpoint of an effect") {
    append(*store, 1, opened("one"));
    append(*store, 1, incremented(1));
    const auto run = [&] {
        const temp_dir directory;
        stele::projection_runner runner{*store, directory.path};
        runner.add<noted>();
        runner.catch_up();
    };
    run();
    for_each_number(*store, "effects", "stele.v1.EffectsCheckpoint", [&] {
        const auto failure = error_of(run);
        CHECK(failure.kind == error_kind::corrupt);
        CHECK(failure.says("its checkpoint in the store is "));
    });
    run();
}

STORE_TEST_CASE(store, "the checkpoint and the dead letters of a subscription") {
    append(*store, 1, incremented(1));
    notebook book;
    const auto run = [&] {
        stele::subscription_runner runner{*store};
        runner.add(parking_listener{book});
        runner.catch_up();
        (void)runner.dead_letters("listener");
    };
    book.before = [](const auto&) { throw std::runtime_error("cannot"); };
    run();
    book.before = [](const auto&) {};
    for_each_number(*store, "subscription", "stele.v1.SubscriptionCheckpoint", [&] {
        const auto failure = error_of(run);
        CHECK(failure.kind == error_kind::corrupt);
        CHECK(failure.says("subscription listener: "));
        CHECK(failure.says("its checkpoint in the store is "));
    });
    for_each_number(*store, "subscription_dead_letter", "stele.v1.SubscriptionDeadLetter", [&] {
        try {
            run();
        } catch (const stele::error& failure) {
            CHECK(failure.kind() == error_kind::corrupt);
            CHECK(std::string_view{failure.what()}.contains("the position of a dead letter in the store is "));
        }
    });
    run();
    CHECK(book.positions().empty());
    CHECK(stele::subscription_runner{*store}.remove("listener"));
    run();
    CHECK(book.positions().size() == 1);
}

STORE_TEST_CASE(store, "a checkpoint beyond the head: nothing is passed over in silence") {
    append(*store, 1, incremented(1));
    open_wallets(*store);
    catch_up(*store);
    const auto run_effects = [&] {
        const temp_dir directory;
        stele::projection_runner runner{*store, directory.path};
        runner.add<noted>();
        runner.catch_up();
    };
    run_effects();
    const auto set_beyond = [&](const std::string& kind, const std::string& name) {
        const auto found = store->list_documents(kind).at(0);
        put(*store, kind, found.key, with_number(name, found.value, numbers_of(name).at(0), store->head().value + 3));
        return found;
    };
    constexpr auto first = stele::position{1};  // less than the stored one, which says nothing of this store
    constexpr auto for_ever = std::chrono::milliseconds::max();
    const auto process = set_beyond("process", "stele.v1.ProcessCheckpoint");
    for (const bool in_background : {false, true}) {
        transfer_bus bus{*store};
        process_runner runner{*store};
        runner.add<transfer_process>(bus);
        CHECK_FALSE(runner.wait_for<transfer_process>(first, for_ever));  // nothing ran yet
        if (in_background) {
            runner.start();
            CHECK_FALSE(runner.wait_for<transfer_process>(first, for_ever));
        } else {
            CHECK(error_of([&] { runner.catch_up(); }).kind == error_kind::other_store);
        }
        REQUIRE(runner.failure<transfer_process>() != nullptr);
        CHECK(runner.status().at(0).last_error.find("its stored position is of another store") != std::string::npos);
    }
    put(*store, "process", process.key, process.value);
    catch_up(*store);

    const auto effects = set_beyond("effects", "stele.v1.EffectsCheckpoint");
    const auto failure = error_of(run_effects);
    CHECK(failure.kind == error_kind::other_store);
    CHECK(failure.says("noted.effects: its checkpoint in the store is position "));
    {
        const temp_dir directory;
        stele::projection_runner runner{*store, directory.path};
        runner.add<noted>();
        CHECK_FALSE(runner.wait_for("noted.effects", first, for_ever));
        runner.start();
        // Its first step throws. Not for ever: without that it would neither reach anything nor be faulted.
        CHECK_FALSE(runner.wait_for("noted.effects", first, std::chrono::minutes{1}));
        const auto status = runner.status().at(1);
        CHECK(status.state == stele::projection_state::faulted);
        CHECK(status.attempts == 1);
        CHECK(status.last_error.starts_with("noted.effects: its checkpoint in the store is position "));
    }
    put(*store, "effects", effects.key, effects.value);
    run_effects();
}

STORE_TEST_CASE(store, "a receipt") {
    stele::command_bus<counter> bus{*store};
    const auto key = stele::uuid::v7();
    REQUIRE(bus.send(open("1"), {.idempotency_key = key}));
    for_each_number(*store, "receipt", "stele.v1.Receipt", [&] {
        const auto failure = error_of([&] { (void)bus.send(open("1"), {.idempotency_key = key}); });
        CHECK(failure.kind == error_kind::corrupt);
        CHECK(failure.says("receipt for the idempotency key " + key.str()));
    });
    CHECK(bus.send(open("1"), {.idempotency_key = key})->version.value == 1);
}

STORE_TEST_CASE(store, "the snapshot of an aggregate") {
    const stream_id stream{"tally-1"};
    {
        stele::command_bus<tally<>> bus{*store};
        for (int i = 1; i <= 7; ++i) REQUIRE(bus.send(increment("1", i)));
    }
    const auto good = store->find_document("snapshot", stream.str());
    REQUIRE(good);
    const auto content = [&] {
        const auto outer = parsed("stele.v1.Snapshot", good->value);
        return outer->GetReflection()->GetString(*outer, outer->GetDescriptor()->FindFieldByName("content"));
    }();
    for (const auto& field : numbers_of("stele.v1.SnapshotContent"))
        for (const auto value : too_great) {
            const auto changed = with_number("stele.v1.SnapshotContent", content, field, value);
            const auto outer = parsed("stele.v1.Snapshot", good->value);
            const auto set = [&](const char* name, std::string bytes) {
                outer->GetReflection()->SetString(outer.get(), outer->GetDescriptor()->FindFieldByName(name),
                                                  std::move(bytes));
            };
            set("content", changed);
            const auto digest = stele::uuid::v5({}, stream.str() + '\0' + changed);
            set("digest", std::string{digest.as_bytes()});
            put(*store, "snapshot", stream.str(), outer->SerializeAsString());
            std::string warning;
            const stele::repository<tally<>> repository{
                *store, {.on_warning = [&](const std::string& text) { warning = text; }}};
            CHECK(repository.load("1").state.value == 28);
            CHECK(warning.find(std::to_string(value)) != std::string::npos);
        }
}

STORE_TEST_CASE(store, "the snapshot of a projection in memory") {
    append_some(*store, 60);
    const temp_dir directory;
    const auto file = directory / "board.snapshot";
    const auto run = [&] {
        stele::projection_runner runner{*store, directory.path};
        runner.add<board>();
        runner.catch_up();
        return std::pair{runner.query<board>([](const board& rows) { return rows; }), runner.status()[0].last_error};
    };
    const auto expected = run().first;
    std::string good;
    {
        std::ifstream in(file, std::ios::binary);
        good = {std::istreambuf_iterator<char>{in}, {}};
    }
    const auto begin = good.find('\n') + 1;
    const auto content = good.substr(begin + sizeof(stele::uuid::bytes));
    for (const auto& field : numbers_of("stele.v1.MemorySnapshot"))
        for (const auto value : too_great) {
            const auto changed = with_number("stele.v1.MemorySnapshot", content, field, value);
            const auto digest = stele::uuid::v5({}, changed);
            std::ofstream(file, std::ios::binary) << good.substr(0, begin) << digest.as_bytes() << changed;
            const auto [rows, warning] = run();
            CHECK(rows == expected);
            CHECK(warning.find(std::to_string(value)) != std::string::npos);
        }
}
