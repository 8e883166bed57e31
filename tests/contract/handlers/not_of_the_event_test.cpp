// What is no fault of an event is never taken for it: no dead letter, nothing is passed over.

#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/transfer_helpers.hpp"

#include <stele/projections/effects/effect.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <new>
#include <stdexcept>

using namespace testing;

namespace {

std::function<void()> fail;
int effects_done = 0;

void run_handler() {
    if (fail) fail();
}

struct parked {
    static constexpr auto name = "parked";
    static constexpr int version = 1;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE parked (n INTEGER)"); }
    static void project(const Incremented& event, const stele::recorded_event&, stele::read_model& db) {
        run_handler();
        db.execute("INSERT INTO parked VALUES (?1)", event.by());
    }
};

struct within {
    static constexpr auto name = "within";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE within (n INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) { run_handler(); }
};

struct noticed {
    static constexpr auto name = "noticed";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE noticed (n INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
    static void effect(const Incremented&, const stele::recorded_event&) {
        run_handler();
        ++effects_done;
    }
};

struct parking {
    static constexpr auto name = "parking";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyPut>;
    static constexpr auto commands = hana::tuple_t<CloseWallet>;
    static std::string instance_id(const MoneyPut&) { return "1"; }
    void evolve(const auto&) {}
    stele::reaction<parking> react(const MoneyPut&) const {
        run_handler();
        return {};
    }
    stele::reaction<parking> react(const stele::rejected<CloseWallet>&) const { return {}; }
};

template <class Outer>
std::function<void()> nested(std::function<void()> inner, Outer outer) {
    return [=] {
        try {
            inner();
        } catch (...) {
            std::throw_with_nested(outer);
        }
    };
}

struct fault {
    std::string name;
    std::function<void()> raise;
    bool is_of_the_event;
};

std::vector<fault> faults() {
    using stele::error;
    using stele::error_kind;
    const auto of_kind = [](error_kind kind) { return [kind] { throw error{kind, "of the store"}; }; };
    const auto no_memory = [] { throw std::bad_alloc{}; };
    const std::runtime_error cannot{"cannot"};
    const error failed{error_kind::handler_failed, "failed"};
    return {
        {"exception", [=] { throw cannot; }, true},
        {"no exception", [] { throw 7; }, true},
        {"invalid_argument", of_kind(error_kind::invalid_argument), true},
        {"exception in exception", nested([=] { throw failed; }, cannot), true},
        {"no memory", no_memory, false},
        {"no memory in exception", nested(no_memory, cannot), false},
        {"no memory in handler_failed", nested(no_memory, failed), false},
        {"io", of_kind(error_kind::io), false},
        {"busy", of_kind(error_kind::busy), false},
        {"full", of_kind(error_kind::full), false},
        {"closed", of_kind(error_kind::closed), false},
        {"full in exception", nested(of_kind(error_kind::full), cannot), false},
        {"busy in exception in exception", nested(nested(of_kind(error_kind::busy), failed), cannot), false},
    };
}

}  // namespace

STORE_TEST_CASE(store, "what is no fault of an event makes no dead letter and skips nothing") {
    send(*store, open_wallet("a"));
    for (const auto& [name, raise, is_of_the_event] : faults()) {
        CAPTURE(name);
        PutMoney put;
        put.set_wallet("a");
        put.set_amount(1);
        send(*store, put);
        const auto before = store->head();
        fail = raise;
        {
            transfer_bus bus{*store};
            process_runner runner{*store};
            runner.add<parking>(bus);
            if (is_of_the_event) {
                CHECK_NOTHROW(runner.catch_up());
            } else {
                CHECK_THROWS(runner.catch_up());
                CHECK(runner.position<parking>() < before);
            }
            CHECK(runner.dead_letters<parking>().empty() != is_of_the_event);
            fail = nullptr;
            runner.catch_up();
            CHECK(runner.replay_dead_letters<parking>().applied == (is_of_the_event ? 1 : 0));
        }

        const temp_dir directory;
        append(*store, 1, incremented(1));
        stele::projection_runner runner{*store, directory.path};
        runner.add<parked>();
        fail = nullptr;
        runner.catch_up();
        append(*store, 1, incremented(2));
        const auto reached = runner.status().at(0).checkpoint;
        fail = raise;
        if (is_of_the_event) {
            CHECK_NOTHROW(runner.catch_up());
        } else {
            CHECK_THROWS(runner.catch_up());
            CHECK(runner.status().at(0).checkpoint == reached);
        }
        CHECK(runner.dead_letters<parked>().empty() != is_of_the_event);
        fail = nullptr;
        runner.catch_up();
        CHECK(runner.replay_dead_letters<parked>().applied == (is_of_the_event ? 1 : 0));
    }
}

STORE_TEST_CASE(store, "whatever an effect throws, it happens as soon as it can") {
    const temp_dir directory;
    stele::projection_runner runner{*store, directory.path};
    runner.add<noticed>();
    runner.catch_up();
    for (const auto& each : faults()) {
        CAPTURE(each.name);
        append(*store, 1, incremented(1));
        const auto before = effects_done;
        fail = each.raise;
        CHECK_THROWS(runner.catch_up());
        CHECK(effects_done == before);
        fail = nullptr;
        runner.catch_up();
        CHECK(effects_done == before + 1);
    }
}

TEST_CASE("whatever an inline projection throws, its append is not stored, and the next one is") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    stele::inline_projections{store}.add<within>();
    const auto append_one = [&] {
        const std::vector events{stele::encode(incremented(1))};
        return store.append(stele::stream_id{"counter-1"}, stele::expected_version::any(), events);
    };
    for (const auto& each : faults()) {
        CAPTURE(each.name);
        const auto before = store.head();
        fail = each.raise;
        CHECK_THROWS((void)append_one());
        CHECK(store.head() == before);
        fail = nullptr;
        CHECK(append_one());
    }
}
