#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/stores.hpp"

#include <stele/commands/command_bus.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace testing;

namespace {

struct library {
    static constexpr auto category = "library";
    static constexpr auto events = hana::tuple_t<Author>;
    static constexpr auto commands = hana::tuple_t<Author>;
    static std::string_view instance_id(const auto& command) { return command.name(); }

    stele::decision<library> decide(const Author& command) const { return stele::accept(command); }
    void evolve(const Author&) {}
};

using bus_type = stele::command_bus<counter, library>;

std::string failure(bus_type& bus, std::string_view type, std::string_view bytes, stele::error_kind kind) {
    try {
        (void)bus.dispatch(type, bytes);
    } catch (const stele::error& e) {
        CHECK(e.kind() == kind);
        return e.what();
    }
    return "sent";
}

}  // namespace

STORE_TEST_CASE(configured, "a command that arrives as bytes is sent to the aggregate that decides it") {
    stele::event_store& store = *configured;
    std::string seen;
    bus_type bus{store, {.middleware = {[&](stele::sent_command& command, const stele::next_step& next) {
                             seen += command.type() + " by " + command.metadata.actor + "\n";
                             return next(command);
                         }}}};
    const stele::send_options by_wire{.metadata = {.actor = "wire"}};
    REQUIRE(bus.dispatch("testing.OpenCounter", open("1").SerializeAsString(), by_wire));
    const stele::send_options once{.metadata = {.actor = "wire"}, .idempotency_key = stele::uuid::v7()};
    const auto bytes = increment("1", 3).SerializeAsString();
    CHECK(bus.dispatch("testing.Increment", bytes, once)->version.value == 2);
    CHECK(bus.dispatch("testing.Increment", bytes, once)->repeated);
    CHECK(bus.send(increment("1", 3), once)->repeated);
    CHECK(stele::load<counter>(store, stele::stream_of<counter>("1")).state.value == 3);

    const auto rejected = bus.dispatch("testing.Decrement", decrement("1", 4).SerializeAsString());
    REQUIRE_FALSE(rejected);
    CHECK(rejected.error().rejection()->code == "below_zero");
    Author author;
    author.set_name("x");
    CHECK(bus.dispatch("testing.Author", author.SerializeAsString())->stream.str() == "library-x");
    CHECK(seen ==
          "testing.OpenCounter by wire\ntesting.Increment by wire\ntesting.Increment by wire\n"
          "testing.Increment by wire\ntesting.Decrement by \ntesting.Author by \n");
}

STORE_TEST_CASE(configured, "a name that is not a command of the bus is refused, with suggestions") {
    stele::event_store& store = *configured;
    bus_type bus{store};
    const auto of = [&](std::string_view type) { return failure(bus, type, "", stele::error_kind::invalid_argument); };
    CHECK(of("testing.Incremet") ==
          "\"testing.Incremet\" is not one of the 5 commands of this bus. Near it: testing.Increment, "
          "testing.Decrement.");
    CHECK(of("Count") == "\"Count\" is not one of the 5 commands of this bus. Near it: testing.Count.");
    CHECK(of("other.Author").ends_with(" Near it: testing.Author."));
    CHECK(of("bank.Deposit") ==
          "\"bank.Deposit\" is not one of the 5 commands of this bus; give the full name, with the package.");
    // An event is no command.
    CHECK(of("testing.CounterOpened").starts_with("\"testing.CounterOpened\" is not one"));
    CHECK(of("") == "\"\" is not one of the 5 commands of this bus; give the full name, with the package.");
    CHECK(of("a\n\xff").starts_with("\"a??\" is not one"));
    CHECK(of(std::string(100'000, 'x')).size() < 300);
}

STORE_TEST_CASE(configured, "bytes that are not the message are refused, with its type and their size") {
    stele::event_store& store = *configured;
    bus_type bus{store};
    const auto of = [&](std::string_view bytes) {
        return failure(bus, "testing.Increment", bytes, stele::error_kind::undecodable);
    };
    CHECK(of("\xff\xff\xff") == "The command is not a testing.Increment: its 3 bytes do not parse.");
    CHECK(of(increment("1", 300).SerializeAsString().substr(0, 5)) ==
          "The command is not a testing.Increment: its 5 bytes do not parse.");
    CHECK(store.head().value == 0);
}

STORE_TEST_CASE(configured, "a command that arrives as JSON is sent, or refused with the name of what is wrong") {
    stele::event_store& store = *configured;
    bus_type bus{store};
    REQUIRE(bus.dispatch_json("testing.OpenCounter", R"({"counter": "1", "label": "Zo\u00eb"})"));
    const stele::send_options once{.idempotency_key = stele::uuid::v7()};
    CHECK(bus.dispatch_json("testing.Increment", R"({"counter":"1","by":"3"})", once)->version.value == 2);
    CHECK(bus.dispatch_json("testing.Increment", R"({"by":3,"counter":"1"})", once)->repeated);
    CHECK(bus.dispatch("testing.Increment", increment("1", 3).SerializeAsString(), once)->repeated);
    CHECK_FALSE(bus.dispatch_json("testing.Decrement", R"({"counter":"1","by":4})"));
    const auto head = store.head();

    const auto of = [&](std::string_view type, std::string_view json) {
        const auto refused = testing::error_of([&] { (void)bus.dispatch_json(type, json); });
        const bool is_name = refused.message.contains("is not one of the 5 commands");
        CHECK(refused.kind == (is_name ? stele::error_kind::invalid_argument : stele::error_kind::undecodable));
        return refused.message;
    };
    CHECK(of("testing.Incremet", "{}").ends_with("Near it: testing.Increment, testing.Decrement."));
    CHECK(of("testing.Increment", R"({"counter":"1","bye":3})")
              .starts_with("The JSON text is not a testing.Increment: "));
    CHECK(of("testing.Increment", R"({"counter":"1","bye":3})").contains("bye"));
    CHECK(of("testing.Increment", R"({"counter":"1","by":"many"})").contains("by"));
    CHECK(of("testing.Increment", std::string{R"({"by":")"} + std::string(100'000, 'x')).size() < 600);
    // A sentence with one full stop, and no picture of the place.
    const auto broken = of("testing.Increment", R"({"counter":"1",)");
    CHECK_FALSE(broken.contains('\n'));
    CHECK_FALSE(broken.contains(".."));
    const std::string deep(40'000, '[');
    CHECK(of("testing.Increment", R"({"counter":")" + deep + R"(\"","by":)" + deep) ==
          "The JSON text is not a testing.Increment: it is nested 40001 levels deep; at most 100 are read.");
    CHECK(store.head() == head);
}
