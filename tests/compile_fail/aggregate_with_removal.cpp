// some diagnostic: only decode_each, projections and their effects hear of removals
#include "testing.pb.h"

#include <stele/aggregates/load.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto category = "sum";
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_deleted>;
    static constexpr auto commands = hana::tuple_t<>;
    static std::string instance_id(const auto&) { return "1"; }

    void evolve(const auto&) {}
};

auto use(stele::event_store& store) {
    return stele::load<sum>(store, stele::stream_of<sum>("1"));
}
