// Stored events that no consumer handles are refused: a forgotten upcaster is not silent.

#include "support/errors.hpp"
#include "support/proto_file.hpp"
#include "support/stores.hpp"
#include "support/warehouse.hpp"

#include <stele/codec/schema.hpp>

#include <rapidcheck.h>

#include <set>

using namespace warehouse;
using stele::detail::stored_message;
using testing::error_of;

namespace {

void append(stele::event_store& store, const std::string& stream, const std::vector<stele::event_data>& events) {
    REQUIRE(store.append(stele::stream_id{stream}, stele::expected_version::any(), events));
}

ItemAdded old_lamp() {
    ItemAdded event;
    event.set_item("lamp");
    return event;
}

std::vector<std::string> types_of(const std::vector<stele::schema_finding>& findings) {
    std::vector<std::string> types;
    for (const auto& each : findings) types.push_back(each.type);
    return types;
}

using types = std::vector<std::string>;

/// Takes today's event, and has forgotten the upcasters.
struct forgetful {
    static constexpr auto events = hana::tuple_t<ItemAddedV3>;
};

/// Knows the upcasters, and takes only a part of what they lead to.
struct additions {
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemAddedV3>);
};

/// The same, and says so: by type or by name.
struct additions_only {
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemAddedV3>);
    static constexpr auto ignored = hana::make_tuple(hana::type_c<ItemRemoved>);
};
struct additions_alone {
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemAddedV3>);
    static constexpr auto ignored = hana::make_tuple("warehouse.ItemRemoved");
};

/// Upcasters that forgot a step: nobody takes ItemAddedV2 today.
struct half_way {
    static constexpr auto outdated = hana::tuple_t<ItemAdded>;
    static ItemAddedV2 upcast(const ItemAdded&) { return {}; }
};
struct stops_half_way {
    static constexpr auto events = stele::upcast_by<half_way>(hana::tuple_t<ItemAddedV3>);
};

}  // namespace

STORE_TEST_CASE(store, "a forgotten upcaster is refused, with the first event, and nothing is recorded") {
    append(*store, "other-1", {make_event("shop.Sold", "")});
    append(*store, "stock-1", {stele::encode(old_lamp()), stele::encode(added("rope", 1))});
    const auto refused = error_of([&] { stele::record_schemas<forgetful>(*store); });
    CHECK(refused.kind == stele::error_kind::incompatible_schema);
    CHECK(
        refused.says("warehouse.ItemAdded: stored at position 2 (stream \"stock-1\"), and is taken, upcast or ignored "
                     "by none of these consumers"));
    CHECK(refused.says("stele::upcast_by<upcasters>"));
    CHECK(store->list_documents("schema").empty());
    stele::record_schemas<forgetful, stock>(*store);
    stele::record_schemas<additions>(*store);
}

STORE_TEST_CASE(store, "a step that leads to an event nobody takes is refused") {
    append(*store, "stock-1", {stele::encode(old_lamp())});
    const auto found = stele::check_schemas<stops_half_way>(*store);
    REQUIRE(found.size() == 1);
    CHECK(found[0].message() ==
          "warehouse.ItemAdded: stored at position 1 (stream \"stock-1\"), and is upcast to what "
          "none of these consumers takes or ignores (warehouse.ItemAddedV2)");
}

STORE_TEST_CASE(store, "events that are another program's are known by a list, by an option, or by a prefix") {
    append(*store, "stock-1",
           {stele::encode(added("rope", 1)), stele::encode(removed("rope", 1)), make_event("warehouse.ItemTaken", "")});
    CHECK(types_of(stele::check_schemas<additions>(*store)) == types{"warehouse.ItemRemoved", "warehouse.ItemTaken"});
    CHECK(stele::check_schemas<additions_only>(*store).empty());
    CHECK(stele::check_schemas<additions_alone>(*store).empty());
    CHECK(stele::check_schemas<additions>(*store, {.ignored = {"warehouse.ItemRemoved"}}).empty());
    CHECK(stele::check_schemas<additions>(*store, {.ignored = {"warehouse.Item*"}}).empty());
    CHECK(types_of(stele::check_schemas<additions>(*store, {.ignored = {"warehouse.ItemTaken"}})) ==
          types{"warehouse.ItemRemoved"});
    const auto refused = error_of([&] { stele::record_schemas<additions>(*store, {.ignored = {"*.ItemTaken"}}); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says("\"*.ItemTaken\""));
}

STORE_TEST_CASE(store, "only events that are there, of a package in use, and no records of the store count") {
    append(*store, "stock-1", {stele::encode(old_lamp())});
    append(*store, "other-1",
           {make_event("warehouse.loans.Lent", ""), make_event("warehousing.Moved", ""), make_event("NoPackage", ""),
            make_event("shop.Sold", "")});
    CHECK(types_of(stele::check_schemas<forgetful>(*store)) == types{"warehouse.ItemAdded"});
    REQUIRE(store->delete_stream(stele::stream_id{"stock-1"}));
    CHECK(stele::check_schemas<forgetful>(*store).empty());
    append(*store, "stock-2", {make_event("warehouse.Shelf.Moved", "")});  // a message inside another one
    CHECK(types_of(stele::check_schemas<forgetful>(*store)) == types{"warehouse.Shelf.Moved"});
}

TEST_CASE("there is a finding for a type exactly if it is stored and no consumer handles it") {
    const testing::proto_file file{
        "message A {} message B {} message C {} message D {} message E {} message Anchor {}"};
    CHECK(rc::check("random programs and stores", [&] {
        stele::memory_store store;
        std::vector<stored_message> messages{{.type = "shop.Anchor", .message = file.find("Anchor")}};
        stele::schema_options options;
        std::set<std::string> stored;
        std::set<std::string> handled;
        std::vector<std::pair<std::string, std::string>> steps;  // what a type is upcast to
        for (int left = *rc::gen::inRange(0, 12); left > 0; --left) {
            const auto letter = *rc::gen::element<std::string>("A", "B", "C", "D", "E");
            const auto type = "shop." + letter;
            switch (*rc::gen::inRange(0, 5)) {
                case 0:
                    append(store, "till-1", {make_event(type, "")});
                    stored.insert(type);
                    break;
                case 1:
                    messages.push_back({.type = type, .message = file.find(letter)});
                    handled.insert(type);
                    break;
                case 2:
                    messages.push_back({.type = type});
                    handled.insert(type);
                    break;
                case 3:
                    options.ignored.push_back(type);
                    handled.insert(type);
                    break;
                default: {
                    const auto target = *rc::gen::element<std::string_view>("shop.A", "shop.B");
                    messages.push_back(
                        {.type = type, .message = file.find(letter), .handled = false, .becomes = {target}});
                    steps.emplace_back(type, target);
                }
            }
        }
        std::set<std::string> ignored(options.ignored.begin(), options.ignored.end());
        for (const auto& each : messages)
            if (each.message == nullptr) ignored.insert(each.type);
        for (const auto& [from, to] : steps)
            if (ignored.contains(to)) handled.insert(from);
        std::vector<std::string> expected;
        for (const auto& type : stored)
            if (!handled.contains(type)) expected.push_back(type);
        RC_ASSERT(types_of(stele::detail::check_schemas(store, messages, options)) == expected);
    }));
}
