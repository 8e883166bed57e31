// first error: this event is in `events` and in `ignored`
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

namespace hana = boost::hana;

struct taker {
    static constexpr auto events = hana::tuple_t<warehouse::ItemAddedV3>;
    static constexpr auto ignored = hana::tuple_t<warehouse::ItemAddedV3>;
};

int main() {
    stele::memory_store store;
    stele::decode_each<taker>(store.read_all(), [](const auto&, const auto&) {});
}
