// first error: these upcasters lead to an event that none of these consumers takes
#include "warehouse.pb.h"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

// Nobody takes ItemAddedV2 any more.
struct upcasters {
    static constexpr auto aliases = hana::make_tuple(stele::alias<warehouse::ItemAddedV2>{"warehouse.Old"});
};
struct stock {
    static constexpr auto category = "stock";
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<warehouse::ItemAddedV3>);
};

int main() {
    stele::memory_store store;
    stele::record_schemas<stock>(store);
}
