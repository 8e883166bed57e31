// first error: this event is `outdated` in the upcasters of the list: list in `events` what it becomes
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

namespace warehouse {
struct upcasters {
    static constexpr auto outdated = hana::tuple_t<ItemAdded>;
    static ItemAddedV3 upcast(const ItemAdded&) { return {}; }
};
}  // namespace warehouse

struct taker {
    static constexpr auto events = stele::upcast_by<warehouse::upcasters>(hana::tuple_t<warehouse::ItemAdded>);
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
