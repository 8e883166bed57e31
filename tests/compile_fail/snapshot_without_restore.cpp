// first error: add a public `void restore(const snapshot_type& saved);`
#include "testing.pb.h"

#include <stele/aggregates/repository.hpp>

namespace hana = boost::hana;
using testing::Incremented;
using testing::TallySnapshot;

struct tally {
    static constexpr auto category = "tally";
    static constexpr auto events = hana::tuple_t<Incremented>;
    using snapshot_type = TallySnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(100);

    TallySnapshot snapshot() const { return {}; }

    void evolve(const Incremented&) {}
};

stele::loaded<tally> look(stele::event_store& store) {
    return stele::repository<tally>{store}.load("1");
}
