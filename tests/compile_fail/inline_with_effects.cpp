// first error: an inline projection is part of the append, which may still fail, so it has no side effects
#include "testing.pb.h"

#include <stele/projections/inline/inline_projections.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto effects = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE sum (value INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
    static void effect(const Incremented&, const stele::recorded_event&) {}
};

int main() {
    auto store = stele::sqlite_store::open("events.db");
    stele::inline_projections{store}.add<sum>();
}
