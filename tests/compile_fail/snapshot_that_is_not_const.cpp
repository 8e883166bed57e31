// first error: `snapshot` has another form: make it `snapshot_type snapshot() const;`
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

    TallySnapshot snapshot() { return {}; }
    void restore(const TallySnapshot&) {}

    void evolve(const Incremented&) {}
};

stele::loaded<tally> look(stele::event_store& store) {
    return stele::repository<tally>{store}.load("1");
}
