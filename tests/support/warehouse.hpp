#pragma once

#include "warehouse.pb.h"

#include <stele/aggregates/load.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace warehouse {

namespace hana = boost::hana;

inline ItemAddedV3 added(const std::string& item, std::int64_t amount, const std::string& unit = "pieces") {
    ItemAddedV3 event;
    event.set_item(item);
    event.mutable_quantity()->set_amount(amount);
    event.mutable_quantity()->set_unit(unit);
    return event;
}

inline ItemRemoved removed(const std::string& item, std::int64_t amount) {
    ItemRemoved event;
    event.set_item(item);
    event.set_amount(amount);
    return event;
}

/// Upcasters of every form.
struct upcasters {
    static constexpr auto aliases = hana::make_tuple(stele::alias<ItemRemoved>{"warehouse.ItemTaken"},
                                                     stele::alias<ItemAdded>{"warehouse.PiecesAdded"});
    static constexpr auto outdated =
        hana::tuple_t<ItemAdded, ItemAddedV2, ItemReplaced, StockCounted, StockCorrected, LabelPrinted>;
    static constexpr auto ignored = hana::make_tuple("warehouse.PinChanged");

    static ItemAddedV2 upcast(const ItemAdded& old) {
        ItemAddedV2 event;
        event.set_item(old.item());
        event.set_amount(old.pieces());
        event.set_unit("pieces");
        return event;
    }
    static ItemAddedV3 upcast(const ItemAddedV2& old) { return added(old.item(), old.amount(), old.unit()); }
    static std::tuple<ItemRemoved, ItemAddedV3> upcast(const ItemReplaced& old) {
        return {removed(old.old_item(), 1), added(old.new_item(), 1)};
    }
    static std::vector<ItemAddedV2> upcast(const StockCounted& old) { return {old.items().begin(), old.items().end()}; }
    static std::optional<std::variant<ItemAddedV3, ItemRemoved>> upcast(const StockCorrected& old) {
        if (old.by() > 0) return added(old.item(), old.by());
        if (old.by() < 0) return removed(old.item(), -old.by());
        return {};
    }
    static stele::no_events upcast(const LabelPrinted&) { return {}; }
};

/// What is in the warehouse. Without commands, which no test needs.
struct stock {
    static constexpr auto category = "stock";
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemAddedV3, ItemRemoved>);

    std::map<std::string, std::int64_t> amounts;

    void evolve(const ItemAddedV3& event) {
        amounts[event.item() + ", " + event.quantity().unit()] += event.quantity().amount();
    }
    void evolve(const ItemRemoved& event) { amounts[event.item() + ", pieces"] -= event.amount(); }
};

}  // namespace warehouse
