// What a decision answers the sender with, and that a repeated command has it again.

#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/codec/make.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/testing/given.hpp>

#include <google/protobuf/wrappers.pb.h>

#include <utility>

using namespace testing;
using google::protobuf::StringValue;

namespace {

StringValue text(const std::string& value) {
    return stele::make<StringValue>([&](auto& v) { v.set_value(value); });
}

/// Answers everything with the value that it has afterwards, in every form that a decision has.
struct till {
    static constexpr auto category = "till";
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
    static constexpr auto commands = hana::tuple_t<OpenCounter, Increment, Count>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    std::int64_t value = 0;

    TallySnapshot total(std::int64_t more) const {
        return stele::make<TallySnapshot>([&](auto& v) { v.set_value(value + more); });
    }
    /// Answers with the label.
    stele::decision<till> decide(const OpenCounter& c) const { return stele::no_change().returning(text(c.label())); }
    stele::decision<till> decide(const Increment& c) const {
        return (c.by() > 0 ? stele::accept(incremented(c.by())) : stele::reject("negative", "no"))
            .returning(total(c.by()));
    }
    stele::decision<till> decide(const Count& c) const {
        stele::decision<till> all = stele::no_change();
        if (c.steps_size() == 0) return all;
        std::int64_t sum = 0;
        for (const auto step : c.steps()) {
            all.add(incremented(step));
            all.returning(total(sum += step));
        }
        return all;
    }
    void evolve(const CounterOpened&) {}
    void evolve(const Incremented& e) { value += e.by(); }
};

using till_bus = stele::command_bus<till>;

std::int64_t total_in(const stele::command_result& result) {
    REQUIRE(result);
    const auto value = result->value<TallySnapshot>();
    REQUIRE(value);
    return value->value();
}

std::string text_in(const stele::command_result& result) {
    REQUIRE(result);
    const auto value = result->value<StringValue>();
    REQUIRE(value);
    return value->value();
}

}  // namespace

STORE_TEST_CASE(store, "a receipt has the value that decide answers with, and a repeated command has it again") {
    const stele::send_options first{.idempotency_key = stele::uuid::v7()};
    const stele::send_options second{.idempotency_key = stele::uuid::v7()};
    const stele::send_options third{.idempotency_key = stele::uuid::v7()};
    {
        till_bus bus{*store};
        CHECK(total_in(bus.send(increment("1", 5))) == 5);
        CHECK(total_in(bus.send(increment("1", 2), first)) == 7);
        CHECK(total_in(bus.send(count("1", {1, 1, 1}), second)) == 10);
        CHECK(text_in(bus.send(open("1", "hello"), third)) == "hello");
        CHECK_FALSE(bus.send(count("1", {}))->value<TallySnapshot>());
        CHECK_FALSE(bus.send(count("1", {}))->returned);
        CHECK(text_in(bus.send(open("1", "no events"))) == "no events");
    }
    store.reopen();
    till_bus bus{*store};
    REQUIRE(bus.send(increment("1", 100)));
    const auto again = bus.send(increment("1", 2), first);
    CHECK(again->repeated);
    REQUIRE(again->returned);
    CHECK(again->returned->type == "testing.TallySnapshot");
    CHECK(total_in(again) == 7);
    CHECK(total_in(bus.dispatch("testing.Count", count("1", {9}).SerializeAsString(), second)) == 10);
    CHECK(text_in(bus.dispatch_json("testing.OpenCounter", R"({"counter":"1","label":"other"})", third)) == "hello");
    const auto wrong = error_of([&] { (void)again->value<StringValue>(); });
    CHECK(wrong.kind == stele::error_kind::undecodable);
    CHECK(wrong.says("a testing.TallySnapshot, not a google.protobuf.StringValue"));
    stele::receipt damaged = *again;
    damaged.returned->bytes = "\x08";
    CHECK(error_of([&] { (void)damaged.value<TallySnapshot>(); }).kind == stele::error_kind::undecodable);
}

STORE_TEST_CASE(store, "a rejection has no value, remembered or not, and a stream that begins again keeps its own") {
    till_bus bus{*store};
    stele::send_options how{.idempotency_key = stele::uuid::v7(), .remember_rejection = true};
    for (int i = 0; i < 2; ++i) {
        const auto rejected = bus.send(increment("1", -1), how);
        REQUIRE_FALSE(rejected);
        CHECK(rejected.error().rejection()->code == "negative");
    }
    REQUIRE(bus.send(increment("1", 3)));
    REQUIRE(store->delete_stream(stele::stream_id{"till-1"}));
    how.idempotency_key = stele::uuid::v7();
    CHECK(total_in(bus.send(increment("1", 4), how)) == 4);  // its receipt is written twice
    REQUIRE(store->delete_stream(stele::stream_id{"till-1"}));
    const auto again = bus.send(increment("1", 4), how);
    CHECK(again->repeated);
    CHECK(again->version.value == 2);
    CHECK(total_in(again) == 4);
}

STORE_TEST_CASE(store, "a command that is decided again answers with what was decided last") {
    spy_store spy{*store};
    till_bus bus{spy};
    CHECK(total_in(bus.send(increment("1", 1))) == 1);
    bool is_first = true;
    spy.before_append = [&] {
        if (!std::exchange(is_first, false)) return;
        REQUIRE(
            store->append(stele::stream_id{"till-1"}, stele::expected_version::any(), stele::encode(incremented(10))));
    };
    CHECK(total_in(bus.send(increment("1", 1), {.idempotency_key = stele::uuid::v7()})) == 12);
}

STORE_TEST_CASE(store, "a value that a receipt cannot hold is refused, with a key and without, and nothing is done") {
    till_bus bus{*store};
    const std::string long_text((store->limits().event_bytes / 2) + 1, 'x');
    for (const auto& key : {std::optional<stele::uuid>{}, std::optional{stele::uuid::v7()}}) {
        for (const auto& label : {long_text, std::string{"\xff"}}) {
            const auto refused = error_of([&] { (void)bus.send(open("1", label), {.idempotency_key = key}); });
            CHECK(refused.kind == stele::error_kind::invalid_argument);
        }
        CHECK(store->head() == stele::position{});
        CHECK(bus.send(open("1", long_text.substr(10)), {.idempotency_key = key}));
    }
}

TEST_CASE("a test expects the value of a decision") {
    const auto taken = stele::given<till>(incremented(5)).when(increment("1", 2));
    taken.then(incremented(2));
    taken.then_value(till{}.total(7));
    const auto failure = [](const auto& action) {
        try {
            action();
        } catch (const stele::scenario_failed& fault) {
            return std::string{fault.what()};
        }
        return std::string{};
    };
    CHECK(failure([&] { taken.then_value(till{}.total(8)); }).contains("value: 8"));
    CHECK(failure([&] { taken.then_value(text("7")); }).contains("testing.TallySnapshot"));
    CHECK(failure([&] { stele::given<till>().when(count("1", {})).then_value(till{}.total(0)); }).contains("no value"));
    CHECK(failure([&] {
              stele::given<till>().when(increment("1", -1)).then_value(till{}.total(0));
          }).contains("negative"));
    const auto decided = till{}.decide(increment("1", 1));
    REQUIRE(decided.value() != nullptr);
    CHECK(decided.value()->GetTypeName() == "testing.TallySnapshot");
    CHECK(till{}.decide(increment("1", 0)).is_accepted() == false);
    const auto rejected = till{}.decide(increment("1", 0));
    CHECK(rejected.value() == nullptr);
}
