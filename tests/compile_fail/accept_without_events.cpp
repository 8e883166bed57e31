// first error: accept takes at least one event: to accept a command that changes nothing, return stele::no_change()
#include "support/counter.hpp"

struct idle {
    static constexpr auto category = "idle";
    static constexpr auto events = boost::hana::tuple_t<testing::Incremented>;
    static constexpr auto commands = boost::hana::tuple_t<testing::Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    stele::decision<idle> decide(const testing::Increment&) const { return stele::accept(); }
    void evolve(const testing::Incremented&) {}
};
