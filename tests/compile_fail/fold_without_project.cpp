// first error: for each event in `events` add to the projection in memory
#include "testing.pb.h"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/memory/fold.hpp>

namespace hana = boost::hana;
using testing::Decremented;
using testing::Incremented;

struct sum {
    static constexpr auto events = hana::tuple_t<Incremented, Decremented>;
    void project(const Incremented&, const stele::recorded_event&) {}
};

int main() {
    stele::memory_store store;
    static_cast<void>(stele::fold<sum>(store));
}
