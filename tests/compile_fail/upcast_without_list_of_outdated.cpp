// first error: this struct of upcasters has an `upcast` for a message that is not in its list `outdated`
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

namespace warehouse {
struct upcasters {
    static constexpr auto ignored = hana::make_tuple("warehouse.Gone");
    static ItemAddedV3 upcast(const ItemAdded&) { return {}; }
};
}  // namespace warehouse

struct taker {
    static constexpr auto events = stele::upcast_by<warehouse::upcasters>(hana::tuple_t<warehouse::ItemAddedV3>);
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
