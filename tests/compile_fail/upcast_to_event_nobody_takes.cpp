// first error: this outdated event becomes several, and the consumer has some of them in its `events` and others
// nowhere
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

namespace warehouse {
struct upcasters {
    static constexpr auto outdated = hana::tuple_t<ItemReplaced>;
    static std::tuple<ItemRemoved, ItemAddedV3> upcast(const ItemReplaced&) { return {}; }
};
}  // namespace warehouse

struct taker {
    static constexpr auto events = stele::upcast_by<warehouse::upcasters>(hana::tuple_t<warehouse::ItemAddedV3>);
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
