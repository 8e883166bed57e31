// How an instance of a process begins and ends: which events may start it, and what becomes of what comes after its
// end.

#include "support/mover.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <rapidcheck.h>

using namespace testing;
using namespace std::chrono_literals;

namespace {

/// What the amount of an event asks for.
enum asks : std::int64_t { nothing_else = 1, deadline, end, rejected_end, failure };

template <bool ListsStarts>
struct life_base {};
template <>
struct life_base<true> {
    static constexpr auto starts = hana::tuple_t<MoneyTaken>;
};

/// Puts what it has counted since it began. It is cancelled by events that may not start it, if it lists any.
template <bool ListsStarts>
struct life : life_base<ListsStarts> {
    static constexpr std::string_view name = ListsStarts ? "life" : "life_of_any";
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static constexpr auto events = hana::tuple_t<MoneyTaken, TransferCancelled>;
    static constexpr auto commands = hana::tuple_t<PutMoney, TakeMoney>;
    using reaction = stele::reaction<life>;
    static inline bool is_fixed = false;
    static std::string instance_id(const auto& event) { return event.transfer(); }

    std::int64_t count = 0;
    std::string instance;
    void evolve(const MoneyTaken& event) {
        ++count;
        instance = event.transfer();
    }
    void evolve(const TransferCancelled& event) {
        count += 10;
        instance = event.transfer();
    }
    void evolve(const stele::rejected<TakeMoney>&) { count += 100; }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken& event) const {
        if (event.amount() == failure && !is_fixed) throw std::runtime_error("out of order");
        if (event.amount() == deadline) return reaction{}.send(put()).after(1h, "alarm", put());
        if (event.amount() == end) return reaction{}.send(put()).after(1h, "void", put()).end();
        if (event.amount() == rejected_end) return reaction{}.end().send(take_too_much());
        return reaction{}.send(put());
    }
    reaction react(const TransferCancelled&) const { return reaction{}.send(put()); }
    reaction react(const stele::rejected<TakeMoney>&) const { return reaction{}.send(put()).after(1h, "void", put()); }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }

    [[nodiscard]] PutMoney put() const {
        PutMoney command;
        command.set_wallet("w");
        command.set_transfer(instance);
        command.set_amount(count);
        return command;
    }
    static TakeMoney take_too_much() {
        TakeMoney command;
        command.set_wallet("w");
        command.set_amount(1'000'000'000);
        return command;
    }
};

template <class Process>
stele::process_status run_life(stele::event_store& store, std::size_t cached = 1000) {
    transfer_bus bus{store};
    process_runner runner{store, {.cached_instances = cached}};
    runner.add<Process>(bus);
    runner.catch_up();
    return runner.status().at(0);
}

void cancel(stele::event_store& store, const std::string& instance) {
    send(store, cancel_transfer(instance));
}

/// What the documentation says of one instance.
struct life_model {
    bool lists_starts;
    bool exists = false, has_ended = false, has_deadline = false;
    std::int64_t count = 0;
    std::uint64_t handled = 0, passed_over = 0;
    amounts puts = {};

    /// An event with an amount may start an instance; one without may if every event may.
    void take(std::int64_t amount) {
        const bool may_start = amount != 0 || !lists_starts;
        if (!exists && !(may_start && (!has_ended || lists_starts))) {
            ++passed_over;
            return;
        }
        ++handled;
        if (!exists) count = 0;
        exists = true;
        count += amount == 0 ? 10 : 1;
        if (amount == rejected_end) count += 100;
        puts.push_back(count);
        has_deadline = has_deadline || amount == deadline;
        if (amount == end || amount == rejected_end) {
            exists = has_deadline = false;
            has_ended = true;
        }
    }
    void remove() { exists = has_ended = has_deadline = false; }
};

/// One step: a cancellation (0), an event with an amount, or the removal of the journal (failure); below
/// `steps_that_run` the process runs after it.
constexpr int kinds_of_steps = 6, steps_that_run = 6;

template <bool ListsStarts>
void live(stele::event_store& store, const std::vector<int>& steps, bool keeps_runner, const std::string& instance) {
    using process = life<ListsStarts>;
    run_life<process>(store);
    const auto deadlines = store.list_documents("deadline").size();
    transfer_bus bus{store};
    process_runner runner{store};
    runner.template add<process>(bus);
    runner.catch_up();
    const auto before = runner.status().at(0);
    life_model model{.lists_starts = ListsStarts};
    bool was_removed = false;
    const auto run = [&] { keeps_runner ? void(runner.catch_up()) : void(run_life<process>(store, 0)); };
    for (const int step : steps) {
        const int kind = step % kinds_of_steps;
        if (kind == failure) {
            take(store, instance + "'s neighbour", nothing_else);  // with it, the position is stored
            model.handled += 1;
            run();
            const stele::stream_id journal{process::name, instance};
            if (store.stream_version(journal).value > 0) REQUIRE(store.delete_stream(journal));
            model.remove();
            was_removed = true;
            continue;
        }
        kind == 0 ? cancel(store, instance) : take(store, instance, kind);
        model.take(kind);
        if (step < steps_that_run) run();
    }
    run();
    RC_ASSERT(put_by(store, instance) == model.puts);
    // The document of a deadline whose journal was deleted goes when it would fire.
    if (!was_removed) RC_ASSERT(store.list_documents("deadline").size() == deadlines + (model.has_deadline ? 1 : 0));
    const auto status = runner.status().at(0);
    RC_ASSERT(status.dead_letters == 0U);
    if (!keeps_runner) return;
    RC_ASSERT(status.handled - before.handled == model.handled);
    RC_ASSERT(status.passed_over - before.passed_over == model.passed_over);
}

template <bool ListsStarts>
void check_lives() {
    CHECK(rc::check([] {
        stele::memory_store store;
        send(store, open_wallet("w"));
        const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2 * kinds_of_steps));
        live<ListsStarts>(store, steps, *rc::gen::arbitrary<bool>(), "i");
    }));
}

}  // namespace

TEST_CASE("only what is in `starts` starts an instance, and starts it over, whoever remembers it") {
    check_lives<true>();
}

TEST_CASE("without `starts` every event starts an instance, and what has ended stays so, whoever remembers it") {
    check_lives<false>();
}

STORE_TEST_CASE(store, "an instance ends when its commands are sent and their rejections answered") {
    send(*store, open_wallet("w"));
    take(*store, "i", deadline);
    take(*store, "i", rejected_end);
    cancel(*store, "i");
    const auto status = run_life<life<true>>(*store);
    CHECK(put_by(*store, "i") == amounts{1, 102});
    CHECK(story(*store, "life-i") ==
          "ProcessEventHandled ProcessDeadlineSet ProcessEventHandled ProcessCommandRejected ProcessDeadlineSet "
          "ProcessEnded");
    CHECK(store->list_documents("deadline").empty());
    CHECK_FALSE(status.next_deadline);
    CHECK(status.handled == 2);
    CHECK(status.passed_over == 1);

    store.reopen();
    take(*store, "i", nothing_else);
    cancel(*store, "i");
    run_life<life<true>>(*store, 0);
    CHECK(put_by(*store, "i") == amounts{1, 102, 1, 11});
    store.reopen();
    take(*store, "i", end);
    run_life<life<true>>(*store, 0);
    CHECK(put_by(*store, "i") == amounts{1, 102, 1, 11, 12});
}

STORE_TEST_CASE(store, "an event that is passed over leaves nothing, and counts") {
    send(*store, open_wallet("w"));
    run_life<life<true>>(*store);
    cancel(*store, "i");
    const auto head = store->head();
    const auto status = run_life<life<true>>(*store);
    CHECK(store->head() == head);
    CHECK(status.position == head);
    CHECK(status.handled == 0);
    CHECK(status.passed_over == 1);
    CHECK(run_life<life<false>>(*store).handled == 1);
}

STORE_TEST_CASE(store, "what comes for an instance that has ended costs the same, however long it lived") {
    send(*store, open_wallet("w"));
    for (int i = 0; i < 50; ++i) take(*store, "i", nothing_else);
    take(*store, "i", end);
    run_life<life<true>>(*store);
    spy_store spy{*store};
    transfer_bus bus{*store};
    process_runner runner{spy};
    runner.add<life<true>>(bus);
    constexpr std::size_t late = 20;
    for (std::size_t i = 0; i < late; ++i) cancel(*store, "i");
    runner.catch_up();
    CHECK(runner.status().at(0).passed_over == late);
    CHECK(spy.events_read <= 3 * late);
    // Nor what it has forgotten when it starts over.
    spy.events_read = 0;
    take(*store, "i", nothing_else);
    runner.catch_up();
    CHECK(put_by(*store, "i").back() == 1);
    CHECK(spy.events_read <= 10);
}

STORE_TEST_CASE(store, "dead letters are replayed into the life they belong to") {
    send(*store, open_wallet("w"));
    life<true>::is_fixed = false;
    cancel(*store, "i");         // passed over: it has not begun
    take(*store, "i", failure);  // would begin it
    cancel(*store, "i");         // waits behind it
    take(*store, "i", end);      // would end it
    cancel(*store, "i");         // would be passed over
    take(*store, "other", failure);
    auto status = run_life<life<true>>(*store);
    CHECK(status.dead_letters == 5);
    CHECK(status.passed_over == 1);
    CHECK(put_by(*store, "i").empty());

    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<life<true>>(bus);
    SUBCASE("all are handled, or passed over") {
        life<true>::is_fixed = true;
        CHECK(runner.replay_dead_letters<life<true>>().applied == 5);
        CHECK(put_by(*store, "i") == amounts{1, 11, 12});
    }
    SUBCASE("without its beginning, it begins with the next event that may start it") {
        CHECK(runner.discard_dead_letter<life<true>>(runner.dead_letters<life<true>>().at(0).position, "i"));
        CHECK(runner.replay_dead_letters<life<true>>().left == 1);  // that of the other
        CHECK(put_by(*store, "i") == amounts{1});
    }
    CHECK(store->find_stream(stele::stream_id{"life-i"}).version.value > 0);
    CHECK(story(*store, "life-i").ends_with("ProcessEnded"));
}

STORE_TEST_CASE(store, "an instance whose journal is truncated keeps its end, as long as anything is kept") {
    send(*store, open_wallet("w"));
    take(*store, "i", nothing_else);
    take(*store, "i", end);
    run_life<life<false>>(*store);
    const stele::stream_id journal{life<false>::name, "i"};
    const auto last = store->stream_version(journal);
    REQUIRE(store->truncate_stream(journal, last));
    take(*store, "i", nothing_else);
    take(*store, "other", nothing_else);
    CHECK(run_life<life<false>>(*store).passed_over == 1);
    REQUIRE(store->truncate_stream(journal, last.next()));
    take(*store, "i", nothing_else);
    run_life<life<false>>(*store);
    CHECK(put_by(*store, "i") == amounts{1, 2, 1});
}

STORE_TEST_CASE(store, "what was passed over is over, also when the journal that knew it is deleted") {
    const auto puts = [&] { return put_by(*store, "i").size(); };
    send(*store, open_wallet("w", 1000));
    const auto run = [&](bool in_background) {
        if (!in_background) return static_cast<void>(run_life<life<true>>(*store));
        transfer_bus bus{*store};
        process_runner runner{*store};
        runner.add<life<true>>(bus);
        runner.start();
        CHECK(runner.wait_for<life<true>>(store->head(), 20s));
    };
    for (const bool in_background : {false, true}) {
        INFO(in_background);
        take(*store, "i", end);
        run(in_background);
        cancel(*store, "i");  // passed over
        const auto before = puts();
        run(in_background);
        REQUIRE(store->delete_stream(stele::stream_id{"life-i"}));
        run(in_background);
        CHECK(puts() == before);
        CHECK(store->find_stream(stele::stream_id{"life-i"}).state == stele::stream_state::deleted);
    }
}
