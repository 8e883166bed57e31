// first error: add a public `void evolve(const Event& event);` that takes it
#include "testing.pb.h"

#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string instance_id(const Incremented&) { return "1"; }

    void evolve(const stele::rejected<Increment>&) {}
    stele::reaction<echo> react(const auto&) const { return {}; }
};

static_assert(stele::detail::check_process<echo>());
