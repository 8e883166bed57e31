// first error: an inline projection keeps tables in the store's file, and this one is in memory
#include "testing.pb.h"

#include <stele/projections/inline/inline_projections.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    void project(const Incremented&, const stele::recorded_event&) {}
};

void f(stele::sqlite_store& store) {
    stele::inline_projections applied{store};
    applied.add<sum>();
}
