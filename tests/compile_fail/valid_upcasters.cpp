// must compile
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hana = boost::hana;

namespace warehouse {

struct closed final {
    static constexpr auto outdated = hana::tuple_t<ItemAdded>;
    static ItemAddedV3 upcast(const ItemAdded&) { return {}; }
};
struct mixed {
    static constexpr auto outdated = hana::tuple_t<ItemAdded, ItemReplaced, StockCounted>;
    static ItemAddedV3 upcast(ItemAdded) { return {}; }
    static std::optional<ItemAddedV3> upcast(const ItemReplaced&) { return {}; }
    static std::vector<ItemAddedV3> upcast(const StockCounted&) { return {}; }
    static ItemAddedV3 upcast(const std::string& item, int);
    static ItemAddedV3 upcast(std::string_view item);
};
struct more : mixed {
    static constexpr auto outdated = hana::tuple_t<ItemAdded, ItemReplaced, StockCounted, StockCorrected>;
    using mixed::upcast;
    static stele::no_events upcast(const StockCorrected&) { return {}; }
};
struct renamed {
    static constexpr auto aliases = hana::make_tuple(stele::alias<ItemRemoved>{"warehouse.ItemTaken"});
};

}  // namespace warehouse

template <class Upcasters>
struct taker {
    static constexpr auto events =
        stele::upcast_by<Upcasters>(hana::tuple_t<warehouse::ItemAddedV3, warehouse::ItemRemoved>);
};

template <class... Upcasters>
void take(stele::event_store& store) {
    (stele::decode_each<taker<Upcasters>>(store.read_all(), [](const auto&, const auto&) {}), ...);
}

int main() {
    using namespace warehouse;
    stele::memory_store store;
    take<closed, mixed, more, renamed>(store);
}
