// first error: these upcasters lead to an event that none of these consumers takes
#include "warehouse.pb.h"

#include <stele/codec/schema.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

// The step from ItemAddedV2 to ItemAddedV3 is missing.
struct upcasters {
    static constexpr auto outdated = hana::tuple_t<warehouse::ItemAdded>;
    static warehouse::ItemAddedV2 upcast(const warehouse::ItemAdded&) { return {}; }
};
struct stock {
    static constexpr auto category = "stock";
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<warehouse::ItemAddedV3>);
};

int main() {
    stele::memory_store store;
    stele::record_schemas<stock>(store);
}
