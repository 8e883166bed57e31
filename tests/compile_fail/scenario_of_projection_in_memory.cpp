// first error: given_projection tests projections into tables, and this one is in memory
#include "testing.pb.h"

#include <stele/testing/given_projection.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    void project(const Incremented&, const stele::recorded_event&) {}
};

int main() {
    stele::given_projection<sum>(Incremented{}).when(Incremented{}).then_no_rows("SELECT 1");
}
