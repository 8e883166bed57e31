// Durable subscriptions in stores whose limits are low: what they keep fits, or add() says that it does not.

#include "support/errors.hpp"
#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/memory.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace testing;
using stele::position;
using stele::subscription_runner;

namespace {

constexpr int streams = 105;

void append_to_many(stele::event_store& store, std::size_t name_bytes) {
    for (int n = 0; n < streams; ++n) {
        auto name = "counter-" + std::to_string(n);
        if (name.size() < name_bytes) name.append(name_bytes - name.size(), 'x');
        const std::vector events{stele::encode(incremented(1))};
        REQUIRE(store.append(stele::stream_id{name}, stele::expected_version::any(), events));
    }
}

// Everything a subscription with dead letters does, with these limits; or add() refuses.
void check_with(stele::event_store& store, std::size_t name_bytes, std::size_t error_bytes) {
    append_to_many(store, name_bytes);
    notebook book;
    const std::string error(error_bytes, 'x');
    int calls = 0;
    book.before = [&](const auto&) {
        ++calls;
        throw std::runtime_error(error);
    };
    subscription_runner runner{store};
    try {
        runner.add(parking_listener{book});
    } catch (const stele::error& refused) {
        CHECK(refused.kind() == stele::error_kind::invalid_argument);
        CHECK(std::string{refused.what()}.contains("higher store_limits"));
        CHECK(store.list_documents("subscription").empty());
        CHECK((store.limits().event_bytes < 600 || store.limits().append_bytes < 2700));
        return;
    }
    runner.catch_up();
    CHECK(calls == streams);  // each once
    CHECK(status_of(runner).dead_lettered == streams);
    for (const auto& letter : runner.dead_letters("listener")) {
        CHECK(letter.key.size() >= name_bytes);
        if (store.limits().event_bytes >= 1000) CHECK_FALSE(letter.error.empty());
    }
    CHECK(runner.replay_dead_letters("listener").left == streams);
    runner.reset("listener", {});
    CHECK(status_of(runner).dead_lettered == 0);
    CHECK(runner.dead_letters("listener").empty());
    runner.catch_up();
    CHECK(status_of(runner).dead_lettered == streams);
    CHECK(subscription_runner{store}.remove("listener"));
    CHECK(store.list_documents("subscription_dead_letter").empty());
}

}  // namespace

TEST_CASE("whatever the limits of a store are, letters fit, or a subscription is refused at once") {
    for (const auto event_bytes : std::vector<std::size_t>{500, 577, 1000, 16'384})
        for (const auto append_bytes : std::vector<std::size_t>{2500, 2700, 65'536})
            for (const auto name_bytes : std::vector<std::size_t>{10, 512}) {
                CAPTURE(event_bytes);
                CAPTURE(append_bytes);
                CAPTURE(name_bytes);
                stele::memory_store store{{.event_bytes = event_bytes, .append_bytes = append_bytes}};
                check_with(store, name_bytes, 5000);
            }
}

TEST_CASE("letters of one turn that do not fit into one append are stored in several, on a disk as in memory") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(
        directory / "events.db",
        {.durability = stele::durability::normal, .limits = {.event_bytes = 1000, .append_bytes = 4000}});
    check_with(store, 480, 5000);
}
