// first error: can reject events only before they are stored: add the projection to inline_projections
#include "testing.pb.h"

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct positive {
    static constexpr auto name = "positive";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE positive (value INTEGER)"); }
    static std::optional<stele::rejection> project(const Incremented&, const stele::recorded_event&,
                                                   stele::read_model&) {
        return std::nullopt;
    }
};

int main() {
    stele::memory_store store;
    stele::projection_runner runner{store, "read"};
    runner.add<positive>();
}
