// A child of fork() has copies of its parent's objects. None of them works there, and each says so at once; the parent
// does not notice. What the child opens itself works.

#include "support/board.hpp"
#include "support/in_child.hpp"
#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/codec/schema.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/fold.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

using namespace testing;
using namespace std::chrono_literals;
using stele::expected_version;
using stele::stream_id;

namespace {

void begin_to_read(stele::event_range range) {
    (void)range.begin();
}

struct operation {
    std::string name;
    std::function<void()> run;
};

/// Everything that one can have of a store, in use by threads of its own.
struct household {
    temp_dir directory;
    stele::sqlite_store store = stele::sqlite_store::open(directory / "events.db");
    stele::memory_store memory;
    transfer_bus bus{store};
    stele::inline_projections inlined{store};
    std::optional<stele::subscription> subscription;
    std::optional<stele::projection_runner> projections{std::in_place, store, directory / "read"};
    std::optional<process_runner> processes{std::in_place, store};
    notebook book;
    std::optional<stele::subscription_runner> subscriptions{std::in_place, store};
    std::optional<stele::read_model> reader;
    stele::event_range range = store.read_all();

    household() {
        inlined.add<labels>();
        append_some(store, 50);
        open_wallets(store);
        store.append_async(stream_id{"a-1"}, expected_version::any(), make_events(1)).get().value();
        subscription = subscribe(store, {}, [](const auto&) {});
        projections->add<totals>();
        projections->add<board>();
        projections->start();
        processes->add<transfer_process>(bus);
        processes->start();
        subscriptions->add(listener{book});
        subscriptions->start();
        REQUIRE(subscriptions->wait_for<listener>(store.head(), 60s));
        REQUIRE(projections->wait_for<totals>(store.head(), 60s));
        REQUIRE(projections->wait_for<board>(store.head(), 60s));
        reader = stele::read_model::open_read_only(directory / "read" / "totals.db");
        REQUIRE(rows_of_totals(*reader) == rows_of_totals(directory / "read"));
        append_some(memory, 50);
    }

    std::vector<operation> of_store(const std::string& name, stele::event_store& of) {
        const stream_id stream{"a-1"};
        const auto any = expected_version::any();
        const auto put = [](std::string key) {
            return std::vector{stele::document_write{"kind", std::move(key), "v"}};
        };
        std::vector<operation> all{
            {"append", [=, &of] { (void)of.append(stream, any, make_events(1)); }},
            {"append a document", [=, &of] { (void)of.append({}, put("key")); }},
            {"append_async", [=, &of] { (void)of.append_async(stream, any, make_events(1)); }},
            {"truncate_stream", [=, &of] { (void)of.truncate_stream(stream, {1}); }},
            {"delete_stream", [=, &of] { (void)of.delete_stream(stream); }},
            {"tombstone_stream", [=, &of] { (void)of.tombstone_stream(stream); }},
            {"read_stream", [=, &of] { begin_to_read(of.read_stream(stream)); }},
            {"read_all", [&of] { begin_to_read(of.read_all()); }},
            {"find_document", [&of] { (void)of.find_document("kind", "key"); }},
            {"list_documents", [&of] { (void)of.list_documents("kind"); }},
            {"head", [&of] { (void)of.head(); }},
            {"stream_version", [=, &of] { (void)of.stream_version(stream); }},
            {"position_at", [&of] { (void)of.position_at({}); }},
            {"wait_for_append", [&of] { (void)of.wait_for_append({1'000'000}, 1h); }},
            {"limits", [&of] { (void)of.limits(); }},
            {"subscribe", [&of] { (void)subscribe(of, {}, [](const auto&) {}); }},
            {"fold", [&of] { (void)stele::fold<board>(of); }},
            {"load", [&of] { (void)stele::load<wallet>(of, stele::stream_of<wallet>("a")); }},
            {"repository", [&of] { (void)stele::repository<wallet>{of}.load("a"); }},
            {"check_schemas", [&of] { (void)stele::check_schemas<wallet>(of); }},
            {"a new bus", [&of] { (void)transfer_bus{of}.send(open_wallet("new")); }},
        };
        for (auto& each : all) each.name = name + ": " + each.name;
        return all;
    }

    std::vector<operation> of_projections() {
        auto& r = *projections;
        return {
            {"runner: add", [&] { r.add<labels>(); }},
            {"runner: query", [&] { (void)r.query<board>([](const board& b) { return b.values.size(); }); }},
            {"runner: take_snapshot", [&] { r.take_snapshot<board>(); }},
            {"runner: catch_up", [&] { r.catch_up(); }},
            {"runner: start", [&] { r.start(); }},
            {"runner: wait_for", [&] { (void)r.wait_for<totals>({1'000'000}, 1h); }},
            {"runner: status", [&] { (void)r.status(); }},
            {"runner: dead_letters", [&] { (void)r.dead_letters<totals>(); }},
            {"runner: replay_dead_letters", [&] { r.replay_dead_letters<totals>(); }},
            {"runner: rebuild", [&] { r.rebuild<totals>(); }},
            {"runner: diff", [&] { (void)r.diff<totals>(); }},
            {"runner: swap_in", [&] { r.swap_in<totals>(); }},
            {"runner: rollback", [&] { r.rollback<totals>(); }},
            {"runner: discard", [&] { r.discard<totals>(); }},
            {"a new runner", [&] { stele::projection_runner{store, directory / "other"}.catch_up(); }},
            {"inline: add", [&] { inlined.add<totals>(); }},
            {"inline: rebuild", [&] { inlined.rebuild<labels>(); }},
            {"inline: remove", [&] { inlined.remove("labels"); }},
            {"inline: status", [&] { (void)inlined.status(); }},
            {"read model: execute", [&] { reader->execute("BEGIN"); }},
            {"read model: execute_script", [&] { reader->execute_script("BEGIN"); }},
            {"read model: query", [&] { (void)rows_of_totals(*reader); }},
            {"read model: query_one", [&] { (void)reader->query_one<int>("SELECT 1"); }},
            {"read model: attach", [&] { reader->attach(directory / "read" / "totals.db", "other"); }},
            {"read model: checkpoint", [&] { (void)reader->checkpoint(); }},
            {"read model: file", [&] { (void)reader->file(); }},
        };
    }

    std::vector<operation> of_subscriptions() {
        auto& s = *subscriptions;
        return {
            {"subscriptions: add", [&] { s.add(listener{book}); }},
            {"subscriptions: catch_up", [&] { s.catch_up(); }},
            {"subscriptions: start", [&] { s.start(); }},
            {"subscriptions: status", [&] { (void)s.status(); }},
            {"subscriptions: wait_for", [&] { (void)s.wait_for<listener>({1'000'000}, 1h); }},
            {"subscriptions: dead_letters", [&] { (void)s.dead_letters<listener>(); }},
            {"subscriptions: replay_dead_letters", [&] { s.replay_dead_letters<listener>(); }},
            {"subscriptions: discard_dead_letter", [&] { s.discard_dead_letter<listener>({1}); }},
            {"subscriptions: reset", [&] { s.reset<listener>({}); }},
            {"subscriptions: remove", [&] { s.remove("other"); }},
        };
    }

    std::vector<operation> of_the_rest() {
        auto& p = *processes;
        return {
            {"store: backup", [&] { store.backup(directory / "copy.db"); }},
            {"store: compact", [&] { store.compact(); }},
            {"store: a range of the parent", [&] { (void)range.begin(); }},
            {"bus: send", [&] { (void)bus.send(open_wallet("c")); }},
            {"bus: send with a key", [&] { (void)bus.send(open_wallet("c"), {.idempotency_key = stele::uuid::v7()}); }},
            {"bus: dispatch", [&] { (void)bus.dispatch(open_wallet("c").GetTypeName(), ""); }},
            {"bus: decides", [&] { (void)bus.decides(*open_wallet("c").GetDescriptor()); }},
            {"processes: add", [&] { p.add<transfer_process>(bus); }},
            {"processes: catch_up", [&] { p.catch_up(); }},
            {"processes: start", [&] { p.start(); }},
            {"processes: stop", [&] { p.stop(); }},
            {"processes: status", [&] { (void)p.status(); }},
            {"processes: position", [&] { (void)p.position<transfer_process>(); }},
            {"processes: wait_for", [&] { (void)p.wait_for<transfer_process>({1'000'000}, 1h); }},
            {"processes: failure", [&] { (void)p.failure<transfer_process>(); }},
            {"subscription: position", [&] { (void)subscription->position(); }},
            {"subscription: wait_for", [&] { (void)subscription->wait_for({1'000'000}, 1h); }},
            {"subscription: wait", [&] { subscription->wait(); }},
            {"subscription: failure", [&] { (void)subscription->failure(); }},
        };
    }

    /// What does not say at once that it belongs to the parent. Nothing else of the child reaches the parent.
    std::string problems() {
        std::string found;
        for (const auto& list : {of_store("sqlite", store), of_store("memory", memory), of_projections(),
                                 of_subscriptions(), of_the_rest()})
            for (const auto& [name, run] : list) {
                std::string outcome = "works";
                try {
                    run();
                } catch (const stele::error& refused) {
                    const bool says = std::string_view(refused.what()).find("fork()") != std::string_view::npos;
                    outcome = says && refused.kind() == stele::error_kind::closed ? "" : refused.what();
                }
                if (!outcome.empty()) found += name + ": " + outcome + "\n";
            }
        projections->stop();
        subscriptions->stop();
        subscription->stop();
        return found;
    }

    /// Ends everything, as a child that returns from main() does.
    void end() {
        auto moved = std::move(store);
        reader.reset();
        subscription.reset();
        processes.reset();
        subscriptions.reset();
        projections.reset();
    }
};

std::string integrity(const std::filesystem::path& file) {
    return ask_sql(file, "PRAGMA integrity_check");
}

}  // namespace

TEST_CASE("a child of fork() is told that what it inherited belongs to its parent, which goes on unharmed") {
    household mine;
    const auto file = mine.directory / "events.db";
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> appended = 0;
    std::vector<std::jthread> busy;
    for (int i = 0; i < 3; ++i)
        busy.emplace_back([&] {
            while (!stop) {
                mine.store.append(stream_id{"busy-1"}, expected_version::any(), make_events(1)).value();
                mine.memory.append(stream_id{"busy-1"}, expected_version::any(), make_events(1)).value();
                (void)mine.store.head();
                ++appended;
            }
        });
    for (int round = 0; round < 20; ++round) {
        const auto before = appended.load();
        CHECK(in_child([&] { return mine.problems(); }) == "");
        CHECK(in_child([&] {
                  mine.end();
                  return std::string("ended");
              }) == "ended");
        while (appended == before) std::this_thread::yield();
    }
    stop = true;
    busy.clear();

    CHECK(mine.store.stream_version(stream_id{"busy-1"}).value == appended);
    append_some(mine.store, 20, 2);
    CHECK(mine.projections->wait_for<totals>(mine.store.head(), 60s));
    CHECK(mine.processes->wait_for<transfer_process>(mine.store.head(), 60s));
    CHECK(mine.subscription->wait_for(mine.store.head(), 60s));
    CHECK(mine.subscriptions->wait_for<listener>(mine.store.head(), 60s));
    CHECK(mine.book.positions() == changes_after(mine.store, {}));
    CHECK(rows_of_totals(*mine.reader) == fresh_replay(mine.store));
    CHECK(integrity(file) == "ok");
    const auto head = mine.store.head();
    mine.end();
    CHECK(stele::sqlite_store::open(file).head() == head);
}

TEST_CASE("a child of fork() may open the store of its parent itself, and both use it") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    constexpr int each = 50;
    std::optional<stele::sqlite_store> parent = stele::sqlite_store::open(file);
    parent->append(stream_id{"p-1"}, expected_version::any(), make_events(1)).value();
    std::atomic<bool> stop = false;
    std::jthread reading([&] {
        while (!stop) begin_to_read(parent->read_all());
    });
    std::filesystem::create_directory(directory / "open");
    child other([&] {
        auto own = stele::sqlite_store::open(file);
        for (int i = 0; i < each; ++i) own.append(stream_id{"c-1"}, expected_version::any(), make_events(1)).value();
        // The parent closes the store: the log must stay for this process, which has it open still.
        while (std::filesystem::exists(directory / "open")) std::this_thread::yield();
        own.append(stream_id{"c-1"}, expected_version::any(), make_events(1)).value();
        return std::to_string(own.stream_version(stream_id{"c-1"}).value);
    });
    for (int i = 0; i < each; ++i) parent->append(stream_id{"p-1"}, expected_version::any(), make_events(1)).value();
    stop = true;
    reading.join();
    parent.reset();
    std::filesystem::remove(directory / "open");
    CHECK(other.answer() == std::to_string(each + 1));
    auto again = stele::sqlite_store::open(file);
    CHECK(again.stream_version(stream_id{"p-1"}).value == each + 1);
    CHECK(again.stream_version(stream_id{"c-1"}).value == each + 1);
    CHECK(integrity(file) == "ok");
}

TEST_CASE("a child of fork() does not keep the locks of a parent that was killed") {
    for (int round = 0; round < 10; ++round) {
        const temp_dir directory;
        const auto file = directory / "events.db";
        {
            child parent([&]() -> std::string {
                auto store = stele::sqlite_store::open(file);
                const stele::projection_runner runner{store, directory / "read"};
                std::jthread writing([&] {
                    while (true) store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value();
                });
                while (store.head().value < 10) std::this_thread::yield();
                const auto heir = ::fork();
                if (heir == 0) {
                    std::filesystem::create_directory(directory / "forked");
                    // Lives on after its parent, as a program that was started in the background does.
                    while (std::filesystem::exists(directory / "forked")) std::this_thread::yield();
                    ::_exit(0);
                }
                while (true) ::pause();
            });
            while (!std::filesystem::exists(directory / "forked")) std::this_thread::yield();
        }
        auto store = stele::sqlite_store::open(file, {.connection = {.busy_timeout = 1s}});
        CHECK(store.append(stream_id{"b-1"}, expected_version::any(), make_events(1)));
        CHECK_NOTHROW(stele::projection_runner(store, directory / "read"));
        std::filesystem::remove(directory / "forked");
    }
}

TEST_CASE("a child of fork() waits for the lock that its parent holds, and has none of its own before") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file);
    store.append(stream_id{"a-1"}, expected_version::any(), make_events(1)).value();
    std::string answer;
    stele::inline_projections inlined{store};
    before_projecting = [&](const auto&) {
        answer = in_child([&] {
            return std::string(to_string(
                error_of([&] { (void)stele::sqlite_store::open(file, {.connection = {.busy_timeout = 20ms}}); }).kind));
        });
    };
    append(store, 1, opened("x"));
    inlined.add<totals>();
    before_projecting = nullptr;
    CHECK(answer == "busy");
    CHECK(in_child([&] { return std::to_string(stele::sqlite_store::open(file).head().value); }) == "2");
}

TEST_CASE("parent and child make different ids") {
    (void)stele::uuid::v7();
    const auto of_child = in_child([] { return stele::uuid::v7().str(); });
    const auto of_parent = stele::uuid::v7().str();
    REQUIRE(of_child.size() == 36);
    // The time at the beginning may differ; what is random must.
    CHECK(of_child.substr(24) != of_parent.substr(24));
}
