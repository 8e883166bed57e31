// first error: upcast returns a message, stele::no_events, or
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

namespace warehouse {
struct history {
    static constexpr auto outdated = hana::tuple_t<ItemAdded>;
    static int upcast(const ItemAdded&) { return 0; }
};
history stele_history(const google::protobuf::Message&);
}  // namespace warehouse

struct taker {
    static constexpr auto events = hana::tuple_t<warehouse::ItemAddedV3>;
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
