// first error: this command is not one of the aggregate's, or the decision model's: add it to its `commands`
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/testing/given.hpp>

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

int main() {
    stele::memory_store store;
    stele::command_bus<counter> bus{store};
    stele::given<counter>().when(testing::Decrement{}).then_nothing();
}
