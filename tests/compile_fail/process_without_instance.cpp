// first error: add to the process a public `static std::string instance_id(const Event& event)`
#include "testing.pb.h"

#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;

    void evolve(const auto&) {}
    stele::reaction<echo> react(const auto&) const { return {}; }
};

static_assert(stele::detail::check_process<echo>());
