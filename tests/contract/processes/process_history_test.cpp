// Deadlines of a process that reads history: none in the past, unless it is asked to; none is lost by an outage.

#include "support/mover.hpp"
#include "support/stores.hpp"

using namespace testing;
using namespace std::chrono_literals;

namespace {

struct reminding {
    static constexpr auto name = "reminding";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<reminding>;
    static std::string instance_id(const MoneyTaken& event) { return event.transfer(); }

    void evolve(const auto&) {}
    // The amount is the delay in hours; counted from 1993 if the event says so.
    reaction react(const MoneyTaken& event) const {
        PutMoney put;
        put.set_wallet("w");
        put.set_transfer(event.transfer());
        put.set_amount(event.amount());
        const auto delay = std::chrono::hours{event.amount()};
        if (event.transfer().starts_with("1993"))
            return reaction{}.at(stele::timestamp{std::chrono::sys_days{std::chrono::year{1993} / 7 / 5}} + delay,
                                 "reminder", put);
        return reaction{}.after(delay, "reminder", put);
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

const stele::timestamp today{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31}};

class reminders {
public:
    explicit reminders(contract_store& contract) : store(contract) {
        store.follow(clock);
        send(*store, open_wallet("w"));
    }
    /// Runs the process as a new program would.
    void run(stele::process_options options = {}) {
        transfer_bus bus{*store};
        process_runner runner{*store, {.now = clock.reader()}};
        runner.add<reminding>(bus, options);
        runner.catch_up();
    }
    [[nodiscard]] std::string journal(const std::string& instance) const {
        return story(*store, "reminding-" + instance);
    }

    stele::manual_clock clock{today};
    contract_store& store;
};

/// Appends an event of so many days ago, in business time.
void import(stele::event_store& store, const std::string& instance, std::int64_t hours, std::chrono::days ago) {
    MoneyTaken event;
    event.set_transfer(instance);
    event.set_amount(hours);
    const std::vector events{stele::encode(event, {.occurred_at = today - ago})};
    REQUIRE(store.append(stele::stream_id{"note-1"}, stele::expected_version::any(), events));
}

}  // namespace

STORE_TEST_CASE(store, "a deadline counts from when its event occurred, and is missed if that was too long ago") {
    reminders all{store};
    all.run();
    import(*store, "long ago", 24, std::chrono::days{9000});
    import(*store, "open", 24 * 10, std::chrono::days{9});
    import(*store, "just now", 24, std::chrono::days{1});
    all.run();
    CHECK(all.journal("long ago") == "ProcessEventHandled ProcessDeadlineMissed");
    CHECK(put_by(*store, "just now") == amounts{24});
    CHECK(put_by(*store, "open").empty());
    all.clock.advance(24h);
    all.run();
    CHECK(put_by(*store, "open") == amounts{24 * 10});
    CHECK(put_by(*store, "long ago").empty());
}

STORE_TEST_CASE(store, "history that is imported sets no deadline in the past") {
    reminders all{store};
    all.run();
    all.clock.advance(1us);
    for (int i = 0; i < 100; ++i) import(*store, "1993." + std::to_string(i), i, std::chrono::days{11'000});
    import(*store, "1993 until now", (24 * 365 + 6) * 40, std::chrono::days{11'000});
    take(*store, "1993 by a live event", 1);
    all.run();
    CHECK(all.journal("1993.7") == "ProcessEventHandled ProcessDeadlineMissed");
    CHECK(all.journal("1993 until now") == "ProcessEventHandled ProcessDeadlineSet");
    CHECK(store->list_documents("deadline").size() == 1);
    CHECK(put_by(*store, "1993.7").empty());
    CHECK(put_by(*store, "1993 by a live event") == amounts{1});
}

STORE_TEST_CASE(store, "history that was there before the process sets no deadline in the past") {
    reminders all{store};
    take(*store, "old", 24);
    take(*store, "open", 24 * 100);
    all.clock.advance(24h * 90);
    take(*store, "late", 24);
    all.run();
    CHECK(all.journal("old") == "ProcessEventHandled ProcessDeadlineMissed");
    all.clock.advance(24h * 20);
    all.run();
    CHECK(put_by(*store, "old").empty());
    CHECK(put_by(*store, "open") == amounts{24 * 100});
    CHECK(put_by(*store, "late") == amounts{24});
}

STORE_TEST_CASE(store, "what was there before the process stays history for the next program") {
    reminders all{store};
    take(*store, "old", 24);
    all.clock.advance(24h * 90);
    take(*store, "late", 24);
    {
        transfer_bus bus{*store};
        process_runner added{*store};
        added.add<reminding>(bus);  // and nothing is run
    }
    store.reopen();
    all.run();
    CHECK(all.journal("old") == "ProcessEventHandled ProcessDeadlineMissed");
    CHECK(all.journal("late") == "ProcessEventHandled ProcessDeadlineSet");
}

STORE_TEST_CASE(store, "whoever asks for old deadlines gets them, and who wants none in the past gets none") {
    reminders all{store};
    take(*store, "1993", 1);
    take(*store, "slightly", -1);
    take(*store, "exactly", 0);
    SUBCASE("all") {
        all.run({.skip_deadlines_older_than = std::chrono::microseconds::max()});
        CHECK(put_by(*store, "1993") == amounts{1});
        CHECK(put_by(*store, "slightly") == amounts{-1});
    }
    SUBCASE("none") {
        all.run({.skip_deadlines_older_than = 0s});
        CHECK(put_by(*store, "1993").empty());
        CHECK(put_by(*store, "slightly").empty());
    }
    CHECK(put_by(*store, "exactly") == amounts{0});
    transfer_bus bus{*store};
    process_runner runner{*store};
    CHECK(error_of([&] { runner.add<reminding>(bus, {.skip_deadlines_older_than = -1s}); }).kind ==
          stele::error_kind::invalid_argument);
}

STORE_TEST_CASE(store, "a deadline fires after an outage, whether it was set before or its event is handled after") {
    reminders all{store};
    all.run();
    take(*store, "set", 24);
    all.run();
    take(*store, "recorded", 24);
    all.clock.advance(24h * 1000);
    store.reopen();
    all.run();
    CHECK(put_by(*store, "set") == amounts{24});
    CHECK(put_by(*store, "recorded") == amounts{24});
}

STORE_TEST_CASE(store, "a deadline that is missed cancels the one that it replaces") {
    reminders all{store};
    all.run({.skip_deadlines_older_than = 0s});
    take(*store, "i", 24);
    all.run({.skip_deadlines_older_than = 0s});
    import(*store, "i", 1, std::chrono::days{1});
    all.run({.skip_deadlines_older_than = 0s});
    CHECK(store->list_documents("deadline").empty());
    all.clock.advance(48h);
    all.run({.skip_deadlines_older_than = 0s});
    CHECK(put_by(*store, "i").empty());
}

namespace {

/// Each deadline leads to an event that sets the next one, three times.
struct chain_process {
    static constexpr auto name = "chain_process";
    static constexpr auto events = hana::tuple_t<MoneyTaken, MoneyPut>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<chain_process>;
    static std::string instance_id(const auto& event) { return event.transfer(); }

    void evolve(const auto&) {}
    reaction react(const MoneyTaken& event) const { return next(event.transfer(), 1); }
    reaction react(const MoneyPut& event) const {
        return event.amount() < 3 ? next(event.transfer(), event.amount() + 1) : reaction{};
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }

private:
    static reaction next(const std::string& transfer, std::int64_t link) {
        PutMoney put;
        put.set_wallet("w");
        put.set_transfer(transfer);
        put.set_amount(link);
        return reaction{}.after(24h, "link", put);
    }
};

}  // namespace

STORE_TEST_CASE(store, "a chain of deadlines goes on after an outage, also where its events have a business time") {
    reminders all{store};
    const auto run = [&] {
        transfer_bus bus{*store};
        process_runner runner{*store, {.now = all.clock.reader()}};
        runner.add<chain_process>(bus);
        for (int i = 0; i < 4; ++i) runner.catch_up();
    };
    run();
    take(*store, "plain", 1);
    MoneyTaken event;
    event.set_transfer("dated");
    import(*store, "imported", 1, std::chrono::days{9000});
    const std::vector events{stele::encode(event, {.occurred_at = today - 10min})};
    REQUIRE(store->append(stele::stream_id{"note-1"}, stele::expected_version::any(), events));
    run();
    all.clock.advance(24h * 30);
    run();
    CHECK(put_by(*store, "plain") == amounts{1});        // each link counts from when the one before was recorded
    CHECK(put_by(*store, "dated") == amounts{1, 2, 3});  // from when it was due
    for (int day = 0; day < 2; ++day) all.clock.advance(24h), run();
    CHECK(put_by(*store, "plain") == amounts{1, 2, 3});
    CHECK(put_by(*store, "imported").empty());
}
