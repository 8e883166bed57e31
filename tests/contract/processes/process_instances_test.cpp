// One event to several instances of a process: each handles it once, and fails for itself.

#include "support/mover.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <ranges>

using namespace testing;

namespace {

std::vector<std::string> split(std::string_view names) {
    std::vector<std::string> all;
    for (const auto name : std::views::split(names, ',')) all.emplace_back(std::string_view{name});
    return all;
}

/// Each name in the text, divided by commas, is an instance, which puts the amount; it fails at the one that a test
/// names.
struct crowd {
    static constexpr auto name = "crowd";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    using reaction = stele::reaction<crowd>;
    static inline std::string fails_at;

    static std::vector<std::string> instance_id(const MoneyTaken& event) { return split(event.transfer()); }

    std::int64_t sum = 0;
    void evolve(const MoneyTaken& event) { sum += event.amount(); }
    void evolve(const stele::rejected<PutMoney>&) {}
    reaction react(const MoneyTaken&, const stele::recorded_event&) const {
        PutMoney put;
        put.set_wallet("w");
        put.set_amount(sum);
        return reaction{}.send(put);
    }
    reaction react(const stele::rejected<PutMoney>&) const { return {}; }
};

/// The journals that have handled events: "a:1 b:2 ".
std::string handled(stele::event_store& store) {
    std::string text;
    for (const auto& journal : store.list_streams({.category = "crowd"}))
        text += std::string{stele::instance_id_of(journal.stream)} + ":" +
                std::to_string(std::ranges::count(story(store, journal.stream), 'H')) + " ";
    return text;
}

/// Throws when the instance handles its event for the first time.
void throw_at(spy_bus& bus, int command, bool by_stele) {
    bus.before_send = [command, by_stele, sent = 0](const auto&) mutable {
        if (++sent != command) return;
        if (by_stele) throw stele::error(stele::error_kind::invalid_argument, "refused");
        throw std::runtime_error("cut off");
    };
}

template <class Names>
struct names_in {
    static constexpr auto name = "names";
    static constexpr auto events = hana::tuple_t<MoneyTaken>;
    static constexpr auto commands = hana::tuple_t<PutMoney>;
    static inline const std::vector<std::string> all{"x", "", "y", "x"};
    static Names instance_id(const MoneyTaken&) { return Names(all.begin(), all.end()); }
    void evolve(const auto&) {}
    stele::reaction<names_in> react(const auto&) const { return {}; }
};

template <class Process>
std::string instances_of_one_event() {
    stele::detail::process_visit visit;
    const auto data = stele::encode(MoneyTaken{});
    const auto process = stele::detail::define_process<Process>();
    stele::detail::event_decoder{*process.events}.decode(stele::as_recorded(data, "note-1", {{1}, {1}}), &visit);
    std::string text;
    for (const auto& instance : visit.instances) text += instance.name + " ";
    return text;
}

}  // namespace

TEST_CASE("any range of names will do: each counts once, in order, and the empty one not at all") {
    CHECK(instances_of_one_event<names_in<std::vector<std::string>>>() == "x y ");
    CHECK(instances_of_one_event<names_in<std::vector<std::string_view>>>() == "x y ");
    CHECK(instances_of_one_event<names_in<google::protobuf::RepeatedPtrField<std::string>>>() == "x y ");
}

STORE_TEST_CASE(store, "an event of several instances is handled by each of them, once and in order") {
    send(*store, open_wallet("w"));
    take(*store, "b,a,b,,c", 1);
    take(*store, "a", 10);
    take(*store, ",", 100);
    transfer_bus bus{*store};
    for (const std::size_t cached : {0UL, 1000UL}) {
        process_runner runner{*store, {.cached_instances = cached, .events_per_batch = 1}};  // in a batch by instance
        runner.add<crowd>(bus);
        runner.catch_up();
        CHECK(put_by(*store, "") == amounts{1, 1, 1, 11});
        CHECK(handled(*store) == "a:2 b:1 c:1 ");
    }
    std::vector<std::string> order;
    for (const auto& entry : store->read_all({.filter = {.categories = {"crowd"}}}).events())
        order.emplace_back(stele::instance_id_of(entry.stream));
    CHECK(order == std::vector<std::string>{"b", "a", "c", "a"});
}

STORE_TEST_CASE(store, "a process that is cut off between two instances of an event continues with the second") {
    send(*store, open_wallet("w"));
    take(*store, "a,b,c", 1);
    for (int command = 1; command <= 3; ++command) {
        spy_bus bus{*store};
        throw_at(bus, 2, false);
        process_runner runner{*store};
        runner.add<crowd>(bus);
        if (command < 3)
            CHECK_THROWS_AS(runner.catch_up(), stele::error);
        else
            runner.catch_up();
        CHECK(put_by(*store, "").size() == static_cast<std::size_t>(command));
        store.reopen();
    }
    CHECK(handled(*store) == "a:1 b:1 c:1 ");
}

STORE_TEST_CASE(store, "an event is the dead letter of the instance that fails, and is replayed there") {
    send(*store, open_wallet("w"));
    take(*store, "a,b,c", 1);
    take(*store, "c,b", 10);
    spy_bus bus{*store};
    throw_at(bus, 2, true);
    process_runner runner{*store};
    runner.add<crowd>(bus);
    runner.catch_up();
    CHECK(handled(*store) == "a:1 c:2 ");
    const auto letters = runner.dead_letters<crowd>();
    REQUIRE(letters.size() == 2);
    CHECK(letters[0].key == "b");
    CHECK(letters[0].position < letters[1].position);
    CHECK(letters[1].key == "b");
    CHECK(runner.replay_dead_letters<crowd>().applied == 2);
    CHECK(handled(*store) == "a:1 b:2 c:2 ");
    CHECK(put_by(*store, "") == amounts{1, 1, 11, 1, 11});
    runner.catch_up();
    CHECK(store->list_documents("process_dead_letter").empty());
}

STORE_TEST_CASE(store, "an event of too many instances is a dead letter of its own") {
    send(*store, open_wallet("w"));
    const auto names = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += std::to_string(i) + ",";
        return text;
    };
    take(*store, names(stele::max_instances_per_event + 1), 1);
    take(*store, "0", 2);
    transfer_bus bus{*store};
    process_runner runner{*store};
    runner.add<crowd>(bus);
    runner.catch_up();
    const auto letters = runner.dead_letters<crowd>();
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].key.empty());
    CHECK(letters[0].error.contains("gives one event to more than 1000 instances"));
    CHECK(handled(*store) == "0:1 ");
}
