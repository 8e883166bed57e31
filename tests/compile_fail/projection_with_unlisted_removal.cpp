// first error: add them to `events`, or `project` is never called with them
#include "testing.pb.h"

#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sums {
    static constexpr auto name = "sums";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model&) {}
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
    static void project(const stele::stream_deleted&, const stele::recorded_event&, stele::read_model&) {}
};

void use(stele::projection_runner& runner) {
    runner.add<sums>();
}
