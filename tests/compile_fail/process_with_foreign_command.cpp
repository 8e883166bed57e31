// first error: this command is not one of the process
#include "testing.pb.h"

#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Decrement;
using testing::Increment;
using testing::Incremented;

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string instance_id(const Incremented&) { return "1"; }

    void evolve(const auto&) {}
    stele::reaction<echo> react(const auto&) const { return stele::reaction<echo>{}.send(Decrement{}); }
};

static_assert(stele::detail::check_process<echo>());
auto answer = echo{}.react(Incremented{});
