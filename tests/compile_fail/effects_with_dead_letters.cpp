// first error: a projection with effects stops at an event that it cannot apply
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
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE sum (value INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
    static void effect(const Incremented&, const stele::recorded_event&) {}
};

int main() {
    stele::memory_store store;
    stele::projection_runner runner{store, "sums"};
    runner.add<sum>();
}
