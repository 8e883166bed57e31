// first error: this event is in a history that cannot be found from it: declare
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

namespace domain {
struct history {
    static constexpr auto outdated = hana::tuple_t<warehouse::ItemAdded>;
    static warehouse::ItemAddedV3 upcast(const warehouse::ItemAdded&) { return {}; }
};
}  // namespace domain
namespace warehouse {
domain::history stele_history(const ItemAddedV3&);
}

struct taker {
    static constexpr auto events = hana::tuple_t<warehouse::ItemAddedV3>;
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
