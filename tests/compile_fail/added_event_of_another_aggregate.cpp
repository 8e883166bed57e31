// first error: this event is not one of the aggregate's, or the decision model's: add it to its `events`
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

    stele::decision<counter> decide(const Increment&) const {
        stele::decision<counter> all = stele::no_change();
        return std::move(all.add(testing::Decremented{}));
    }
    void evolve(const Incremented&) {}
};

int main() {
    stele::memory_store store;
    stele::command_bus<counter> bus{store};
    return bus.send(Increment{}) ? 0 : 1;
}
