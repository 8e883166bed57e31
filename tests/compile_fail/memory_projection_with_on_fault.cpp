// first error: a projection in memory stops at an event that it cannot apply
#include "testing.pb.h"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Decremented;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented, Decremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    void project(const Incremented&, const stele::recorded_event&) {}
    void project(const Decremented&, const stele::recorded_event&) {}
};

int main() {
    stele::memory_store store;
    stele::projection_runner runner{store, "sums"};
    runner.add<sum>();
}
