// first error: no aggregate of this command_bus decides this command of the process
#include "support/counter.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;
using testing::Note;

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Note>;
    static std::string instance_id(const Incremented&) { return "1"; }

    void evolve(const auto&) {}
    stele::reaction<echo> react(const auto&) const { return {}; }
};

int main() {
    stele::memory_store store;
    stele::command_bus<testing::counter> bus{store};
    stele::process_runner runner{store};
    runner.add<echo>(bus);
}
