// first error: write the list of tags as `static constexpr auto tags = hana::make_tuple("region:eu");`
#include "testing.pb.h"

#include <stele/projections.hpp>

namespace hana = boost::hana;

struct european {
    static constexpr auto name = "european";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<testing::Incremented>;
    static constexpr auto tags = "region:eu";
    std::int64_t sum = 0;

    void project(const testing::Incremented& event, const stele::recorded_event&) { sum += event.by(); }
};

void wrong(stele::projection_runner& runner) {
    runner.add<european>();
}
