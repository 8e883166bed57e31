// first error: effect() of a projection in memory must be static
#include "testing.pb.h"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    void project(const Incremented&, const stele::recorded_event&) {}
    void effect(const Incremented&, const stele::recorded_event&) {}
};

int main() {
    stele::memory_store store;
    stele::projection_runner runner{store, "sums"};
    runner.add(sum{});
}
