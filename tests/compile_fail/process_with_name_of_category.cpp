// first error: this process has the name of an aggregate's category
#include "support/counter.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

struct echo {
    static constexpr auto name = "counter";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string instance_id(const Incremented&) { return "1"; }

    void evolve(const auto&) {}
    stele::reaction<echo> react(const auto&) const { return {}; }
};

void use(stele::process_runner& runner, stele::command_bus<testing::counter>& bus) {
    runner.add<echo>(bus);
}
