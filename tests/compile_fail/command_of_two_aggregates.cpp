// first error: two aggregates of this command_bus list the same command: leave it in the `commands` of the one
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

struct counter {
    static constexpr auto category = "counter";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    stele::decision<counter> decide(const Increment&) const { return stele::accept(Incremented{}); }
    void evolve(const Incremented&) {}
};

struct second {
    static constexpr auto category = "second";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<testing::Decrement, Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    stele::decision<second> decide(const testing::Decrement&) const { return stele::no_change(); }
    stele::decision<second> decide(const Increment&) const { return stele::no_change(); }
    void evolve(const Incremented&) {}
};

int main() {
    stele::memory_store store;
    stele::command_bus<counter, second> bus{store};
    return bus.send(Increment{}) ? 0 : 1;
}
