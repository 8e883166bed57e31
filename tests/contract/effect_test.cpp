// Side effects of projections: after the read model, at-least-once with the same id, and never by a replay.

#include "support/board.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/causation.hpp>
#include <stele/projections/effects/effect.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <mutex>
#include <optional>

using namespace std::chrono_literals;
using namespace testing;
using stele::position;
using stele::projection_runner;

namespace {

// Nothing waits this long unless it is broken.
constexpr auto for_ever = std::chrono::milliseconds::max();

// To where the effects go.
using gateway = std::function<void(const stele::recorded_event&)>;

// In SQL: an effect for some of the events, through the gateway that it is given.
struct watched : totals {
    explicit watched(gateway to) : send(std::move(to)) {}

    static constexpr auto effects = hana::tuple_t<Incremented>;
    void effect(const Incremented&, const stele::recorded_event& at) const { send(at); }

    gateway send;
};

// The effects of a state in memory are static.
gateway of_watched_sum;

// In memory, without snapshots, so that each start reads everything again.
struct watched_sum {
    static constexpr auto name = "watched_sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    std::int64_t sum = 0;
    void project(const Incremented& event, const stele::recorded_event&) { sum += event.by(); }
    static void effect(const Incremented&, const stele::recorded_event& at) { of_watched_sum(at); }
};

std::vector<std::uint64_t> incremented_after(stele::event_store& store, position after) {
    std::vector<std::uint64_t> result;
    for (const auto& event : store.read_all({.after = after, .filter = {.types = {"testing.Incremented"}}}).events())
        result.push_back(event.position.value);
    return result;
}

// The positions of the effects.
class effect_log {
public:
    [[nodiscard]] gateway entry() {
        return [this](const stele::recorded_event& at) {
            const std::lock_guard lock(mutex_);
            done_.push_back(at.position.value);
        };
    }
    std::vector<std::uint64_t> done() const {
        const std::lock_guard lock(mutex_);
        return done_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::uint64_t> done_;
};

template <class P>
void run_once(stele::event_store& store, const std::filesystem::path& directory, P projection) {
    projection_runner runner{store, directory};
    runner.add(std::move(projection));
    runner.catch_up();
}

}  // namespace

STORE_TEST_CASE(store, "effects begin when the projection is added, and no replay repeats or skips one") {
    const temp_dir directory;
    effect_log log;
    append_some(*store, 50);
    const auto begin = store->head();
    {
        projection_runner runner{*store, directory.path};
        runner.add(watched{log.entry()});
        append_some(*store, 20, 2);  // before the read model has seen any event
        runner.catch_up();
        CHECK(log.done() == incremented_after(*store, begin));
        runner.rebuild<watched>();
        append_some(*store, 20, 3);
        runner.rebuild<watched>();  // sees them before the old read model has
        runner.catch_up();
        CHECK(log.done() == incremented_after(*store, begin));
    }
    store.reopen();
    append_some(*store, 20, 4);
    run_once(*store, directory.path, watched{log.entry()});
    std::filesystem::remove_all(directory.path);
    append_some(*store, 20, 5);
    run_once(*store, directory.path, watched{log.entry()});
    CHECK(log.done() == incremented_after(*store, begin));
    CHECK(rows_of_totals(directory.path) == fresh_replay(*store));
}

STORE_TEST_CASE(store, "effects of a memory projection are not repeated when it is folded again") {
    const temp_dir directory;
    effect_log log;
    of_watched_sum = log.entry();
    append_some(*store, 30);
    for (unsigned start = 0; start < 4; ++start) {
        run_once(*store, directory.path, watched_sum{});
        append_some(*store, 20, start);
        // More events than between two checkpoints, none of them with an effect.
        std::vector<stele::event_data> many;
        for (int i = 0; i < 1500; ++i) many.push_back(stele::encode(NobodyKnows{}));
        REQUIRE(store->append(stele::stream_id{"others-1"}, stele::expected_version::any(), many));
    }
    run_once(*store, directory.path, watched_sum{});
    CHECK(log.done() == incremented_after(*store, position{30}));
    of_watched_sum = nullptr;
}

STORE_TEST_CASE(store,
                "an effect runs after its event is in the read model, which is the cause of what the effect sends") {
    const temp_dir directory;
    append(*store, 1, opened("one"));
    projection_runner runner{*store, directory.path};
    std::atomic<int> early = 0;
    std::atomic<int> done = 0;
    runner.add(watched{[&](const stele::recorded_event& at) {
        auto db = stele::read_model::open_read_only(directory / "totals.db");
        if (!db.query_one<std::int64_t>("SELECT 1 FROM changes WHERE position = ?1", at.position)) ++early;
        if (stele::current_cause() == nullptr || stele::current_cause()->id != at.id) ++early;
        ++done;
    }});
    runner.start();
    for (int i = 0; i < 20; ++i) append(*store, 1, incremented(1));
    CHECK(runner.wait_for("totals.effects", store->head(), for_ever));
    runner.stop();
    CHECK(done == 20);
    CHECK(early == 0);
    const auto status = runner.status();
    REQUIRE(status.size() == 2);
    CHECK(status[1].name == "totals.effects");
    CHECK(status[1].applied == 20);
    CHECK(status[1].seen == status[1].applied + status[1].ignored);
}

STORE_TEST_CASE(store, "a failed effect is retried, and delays only the effects after it") {
    const temp_dir directory;
    std::atomic<int> failures_left = 2;
    std::mutex mutex;
    std::vector<stele::uuid> tried;
    projection_runner runner{*store, directory.path, {.attempts = 3, .first_backoff = 1ms}};
    runner.add(watched{[&](const stele::recorded_event& at) {
        const std::lock_guard lock(mutex);
        tried.push_back(at.id);
        if (failures_left-- > 0) throw std::runtime_error("the post office is closed");
    }});
    runner.start();
    append(*store, 1, incremented(1));
    CHECK(runner.wait_for("totals.effects", store->head(), for_ever));
    {
        const std::lock_guard lock(mutex);
        CHECK(tried.size() == 3);
        CHECK(std::ranges::count(tried, tried.front()) == 3);
    }
    failures_left = 1000;
    append(*store, 1, incremented(1));
    append(*store, 1, incremented(1));
    const auto faulted = runner.wait_for("totals.effects", store->head(), for_ever);
    REQUIRE_FALSE(faulted);
    CHECK(faulted.error().message().find("totals.effects failed at position 2") != std::string::npos);
    CHECK(faulted.error().message().find("the post office is closed") != std::string::npos);
    CHECK(runner.wait_for<watched>(store->head(), for_ever));
    failures_left = 0;
    runner.start();
    CHECK(runner.wait_for("totals.effects", store->head(), for_ever));
    runner.stop();
    CHECK(tried.size() == 8);  // 3 that helped, 3 that did not, and one for each of the two
}

TEST_CASE("a process killed at any point repeats at most the effect that was running") {
    const temp_dir directory;
    const auto events = directory / "events.db";
    const auto log = directory / "log";
    const auto open = [&] { return stele::sqlite_store::open(events, {.durability = stele::durability::normal}); };
    {
        auto store = open();
        append_some(store, 10);
        run_once(store, directory / "read", watched{[](const auto&) {}});
        append_some(store, 60, 2);
    }
    int kills = 0;
    for (int round = 0; round < 16; ++round) {
        const auto child = ::fork();
        if (child == 0) {
            int left = 1 + round % 4;
            std::ofstream out(log, std::ios::app);
            const auto send = [&](const stele::recorded_event& at) {
                --left;
                if (left == 0 && round % 2 == 0) ::raise(SIGKILL);  // before it is done
                out << at.position.value << ' ' << at.id.str() << '\n' << std::flush;
                if (left == 0) ::raise(SIGKILL);  // before it is known to be done
            };
            auto store = open();
            projection_runner runner{store, directory / "read"};
            runner.add(watched{send});
            round % 3 == 0 ? static_cast<void>(runner.rebuild<watched>()) : void();
            runner.catch_up();
            ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
        kills += WIFSIGNALED(status) ? 1 : 0;
        auto store = open();
        append_some(store, 3, static_cast<unsigned>(100 + round));
    }
    {
        std::ofstream out(log, std::ios::app);
        auto store = open();
        run_once(store, directory / "read",
                 watched{[&](const auto& at) { out << at.position.value << ' ' << at.id.str() << '\n'; }});
    }
    CHECK(kills == 16);
    std::vector<std::uint64_t> done;
    std::vector<std::string> ids;
    std::ifstream in(log);
    for (std::string at, id; in >> at >> id;) {
        done.push_back(std::stoull(at));
        ids.push_back(id);
    }
    // In order, each at least once; those that ran twice were killed in between; always with the same ids.
    CHECK(std::ranges::is_sorted(done));
    std::ptrdiff_t repeated = 0;
    for (std::size_t i = 1; i < done.size(); ++i)
        if (done[i] == done[i - 1]) {
            ++repeated;
            CHECK(ids[i] == ids[i - 1]);
        }
    CHECK(repeated >= 1);
    CHECK(repeated <= kills / 2);
    done.erase(std::ranges::unique(done).begin(), done.end());
    auto store = open();
    CHECK(done == incremented_after(store, position{10}));
}
