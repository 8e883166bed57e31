// first error: only a subscription may skip an event for good
#include "testing.pb.h"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct totals {
    static constexpr auto name = "totals";
    static constexpr int version = 1;
    static constexpr auto on_fault = stele::on_fault::skip;
    static constexpr auto events = hana::tuple_t<Incremented>;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE totals (value INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
};

int main() {
    stele::memory_store store;
    stele::projection_runner runner{store, "totals"};
    runner.add<totals>();
}
