#include "support/projections.hpp"
#include "support/proto_file.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"
#include "support/warehouse.hpp"

#include <stele/codec/schema.hpp>

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

#include <utility>

using namespace warehouse;
using stele::expected_version;
using stele::detail::stored_message;
using testing::error_of;

namespace {

using proto = testing::proto_file;

std::vector<stored_message> sold_as(const proto& file, stele::stored_as kind = stele::stored_as::event) {
    return {{.type = "shop.Sold",
             .message = file.find("Sold"),
             .stored_as = kind,
             .owner = kind == stele::stored_as::event ? "" : "till"}};
}

/// The differences, as lines, when a program with one file has recorded its schema and a program with the other
/// compares its own: the same for everything that is stored, and each tells where it is.
std::vector<std::string> findings(const std::string& was, const std::string& is, const std::string& syntax = "proto3") {
    const proto before{was, syntax};
    const proto now{is, syntax};
    std::vector<std::vector<std::string>> of_each;
    for (const auto kind : {stele::stored_as::event, stele::stored_as::command, stele::stored_as::snapshot}) {
        stele::memory_store store;
        stele::detail::record_schemas(store, sold_as(before, kind));
        auto& lines = of_each.emplace_back();
        for (const auto& each : stele::detail::check_schemas(store, sold_as(now, kind))) {
            CHECK(each.type == "shop.Sold");
            CHECK(each.version == 1);
            CHECK(each.stored_as == kind);
            CHECK(each.owner == (kind == stele::stored_as::event ? "" : "till"));
            lines.push_back(each.message_type + "." + each.field + ": " + each.recorded + " -> " + each.current);
        }
        CHECK(testing::error_of([&] {
                  stele::detail::record_schemas(store, sold_as(now, kind));
                  if (lines.empty()) throw stele::error(stele::error_kind::incompatible_schema, "fits");
              }).kind == stele::error_kind::incompatible_schema);
        CHECK(lines == of_each.front());
    }
    return of_each.front();
}

using found = std::vector<std::string>;

std::vector<std::string> recorded_keys(stele::event_store& store) {
    std::vector<std::string> keys;
    for (const auto& each : store.list_documents("schema")) keys.push_back(each.key);
    return keys;
}

}  // namespace

TEST_CASE("schema changes that break stored events are found, with message and field") {
    const std::string sold = "message Sold { string item = 1; int64 amount = 2; }";
    CHECK(findings(sold, "message Sold { string item = 1; int64 amount = 3; }") ==
          found{"shop.Sold.amount: number 2 -> number 3"});
    CHECK(findings(sold, "message Sold { string item = 2; int64 amount = 1; }") ==
          found{"shop.Sold.item: number 1 -> number 2", "shop.Sold.amount: number 2 -> number 1"});
    CHECK(findings(sold, "message Sold { string item = 1; }") ==
          found{"shop.Sold.amount: number 2 -> removed, and the number is not reserved"});
    CHECK(findings(sold, "message Sold { repeated string item = 1; int64 amount = 2; }") ==
          found{"shop.Sold.item: singular -> repeated"});
    CHECK(findings(sold, "message Sold { oneof of { string item = 1; int64 amount = 2; } }") ==
          found{"shop.Sold.item: apart from amount -> in the oneof of with amount",
                "shop.Sold.amount: apart from item -> in the oneof of with item"});
    for (const auto* type : {"string", "int32", "uint64", "sint64", "fixed64", "double", "Sold"})
        CHECK(findings(sold, std::string{"message Sold { string item = 1; "} + type + " amount = 2; }") ==
              found{std::string{"shop.Sold.amount: int64 -> "} + (type[0] == 'S' ? "shop." : "") + type});

    const std::string paid = "message Sold { Paid paid = 1; map<string, int64> by = 2; } ";
    CHECK(findings(paid + "message Paid { int64 cents = 1; Sold back = 2; }",
                   "message Sold { Price paid = 1; map<int64, int64> by = 2; } message Price { double cents = 1; Sold "
                   "back = 2; }") ==
          found{"shop.Paid.cents: int64 -> double", "shop.Sold.ByEntry.key: string -> int64"});

    const std::string how = "message Sold { How how = 1; enum How { CASH = 0; CARD = 1; BILL = 2; } }";
    CHECK(findings(how, "message Sold { How how = 1; enum How { CASH = 0; BILL = 3; } }") ==
          found{"shop.Sold.How.CARD: number 1 -> removed, and the number is not reserved",
                "shop.Sold.How.BILL: number 2 -> number 3"});

    CHECK(findings("message Sold { optional string item = 1; }",
                   "message Sold { required string item = 1; required string buyer = 2; }", "proto2") ==
          found{"shop.Sold.item: singular -> required", "shop.Sold.buyer: not there -> required"});
}

TEST_CASE("schema changes that keep every stored value are accepted") {
    CHECK(findings("message Sold { string item = 1; int32 amount = 2; How how = 3; bool big = 4; }"
                   "enum How { CASH = 0; CARD = 1; }",
                   "message Sold { string thing = 1; int64 amount = 2; How how = 3; reserved 4; string buyer = 5; "
                   "oneof with { string note = 6; } } enum How { CASH = 0; PLASTIC = 1; BILL = 2; }")
              .empty());
    CHECK(findings("message Sold { required string item = 1; }", "message Sold { optional bytes item = 1; }", "proto2")
              .empty());
    CHECK(findings("message Sold { How how = 1; enum How { CASH = 0; CARD = 1; } }",
                   "message Sold { optional How how = 1; enum How { reserved 1; CASH = 0; } }")
              .empty());
}

STORE_TEST_CASE(store, "schemas are recorded as versions, none is overwritten, and an incompatible one is refused") {
    const proto first{"message Sold { string item = 1; } message Other { int64 x = 1; }"};
    const proto second{"message Sold { string item = 1; int64 amount = 2; }"};
    const proto bad{"message Sold { string item = 1; string amount = 2; }"};
    stele::detail::record_schemas(*store, sold_as(first));
    stele::detail::record_schemas(*store, sold_as(first));
    CHECK(recorded_keys(*store) == found{"shop.Sold/000001"});
    const auto value = store->find_document("schema", "shop.Sold/000001")->value;
    CHECK(value.find("Other") == std::string::npos);

    stele::detail::record_schemas(*store, sold_as(second));
    store.reopen();
    stele::detail::record_schemas(*store, sold_as(first));  // two programs take turns
    stele::detail::record_schemas(*store, sold_as(second));
    CHECK(recorded_keys(*store) == found{"shop.Sold/000001", "shop.Sold/000002"});
    CHECK(store->find_document("schema", "shop.Sold/000001")->value == value);

    const auto refused = error_of([&] { stele::detail::record_schemas(*store, sold_as(bad)); });
    CHECK(refused.kind == stele::error_kind::incompatible_schema);
    CHECK(refused.says("If a newer version of this program has written it, run that one."));
    CHECK(refused.says("shop.Sold.amount: was int64 (event shop.Sold, recorded version 2), is string"));
    CHECK(recorded_keys(*store).size() == 2);
}

TEST_CASE("two programs that record at the same time get one version each") {
    stele::memory_store store;
    testing::spy_store mine{store};
    const proto one{"message Sold { string item = 1; }"};
    const proto other{"message Sold { string thing = 1; }"};
    bool first = true;
    mine.before_append = [&] {
        if (std::exchange(first, false)) stele::detail::record_schemas(store, sold_as(other));
    };
    stele::detail::record_schemas(mine, sold_as(one));
    CHECK(recorded_keys(store) == found{"shop.Sold/000001", "shop.Sold/000002"});
    CHECK(store.find_document("schema", "shop.Sold/000001")->value.find("thing") != std::string::npos);
}

TEST_CASE("consumers record their events and the older types of them, under every stored name") {
    stele::memory_store store;
    stele::record_schemas<stock>(store);
    CHECK(stele::check_schemas<stock, testing::totals>(store).empty());
    const auto keys = recorded_keys(store);
    for (const auto* type : {"ItemAddedV3", "ItemRemoved", "ItemTaken", "ItemAdded", "PiecesAdded", "LabelPrinted"})
        CHECK(std::ranges::count(keys, "warehouse." + std::string{type} + "/000001") == 1);
    CHECK(keys.size() == 10);
}

TEST_CASE("a type whose message was removed is found, unless it is ignored or of an unused package") {
    stele::memory_store store;
    const proto file{"message Sold {} message Gone { int64 x = 1; }"};
    const stored_message sold{"shop.Sold", file.find("Sold")};
    stele::detail::record_schemas(store, {sold, {"shop.Gone", file.find("Gone")}});
    const auto left = stele::detail::check_schemas(store, {sold});
    REQUIRE(left.size() == 1);
    CHECK(left[0].message() ==
          "shop.Gone: was a message (event shop.Gone, recorded version 1), is gone: no alias, and not ignored");
    CHECK(stele::detail::check_schemas(store, {sold, {"shop.Gone"}}).empty());
    CHECK(stele::detail::check_schemas(store, {sold, {"shop.Gone", file.find("Gone")}}).empty());
    CHECK(stele::check_schemas<stock>(store).empty());
}

STORE_TEST_CASE(store, "events are shown as JSON by the recorded schemas, even if the newest one lacks a field") {
    const proto first{"message Sold { string item_name = 1; Price price = 2; } message Price { int64 cents = 1; }"};
    const proto second{"message Sold { string item_name = 1; reserved 2; repeated double discounts = 3; }"};
    stele::detail::record_schemas(*store, sold_as(first));
    stele::detail::record_schemas(*store, sold_as(second));
    const auto event_of = [](const proto& file, const std::string& text) {
        google::protobuf::DynamicMessageFactory factory;
        const std::unique_ptr<google::protobuf::Message> message{factory.GetPrototype(file.find("Sold"))->New()};
        REQUIRE(google::protobuf::TextFormat::ParseFromString(text, message.get()));
        return stele::encode(*message);
    };
    const std::vector events{event_of(first, "item_name: 'lamp' price { cents: 5 }"),
                             event_of(second, "item_name: 'rope' discounts: 0.5"), event_of(second, ""),
                             make_event("shop.Sold", "no message"), make_event("shop.Never", "")};
    REQUIRE(store->append(stele::stream_id{"shop-1"}, expected_version::no_stream(), events));
    store.reopen();

    const stele::recorded_schemas schemas{*store};
    std::vector<std::string> shown;
    for (const auto& event : store->read_all().events()) {
        shown.push_back(schemas.to_json(event));
        if (event.position.value == 4)
            CHECK(schemas.to_json_line(event).ends_with(R"("problem":"its 10 bytes do not parse as its message"})"));
        if (event.position.value == 5)
            CHECK(schemas.to_json_line(event).ends_with(
                R"("problem":"its schema was not recorded (stele::record_schemas), and its message is not part of this program"})"));
    }
    CHECK(shown == found{R"({"item_name":"lamp","price":{"cents":"5"}})", R"({"item_name":"rope","discounts":[0.5]})",
                         "{}", R"({"@type":"shop.Sold","value":"bm8gbWVzc2FnZQ=="})",
                         R"({"@type":"shop.Never","value":""})"});
}

TEST_CASE("an event is shown with its envelope, as it is stored and as consumers get it") {
    stele::memory_store store;
    warehouse::ItemAdded old;
    old.set_item("lamp");
    old.set_pieces(3);
    const stele::metadata why{
        .correlation_id = "c", .causation_id = "e", .actor = "Zoë \"\n", .headers = {{"till\t", "4"}, {"a", ""}}};
    auto data = stele::encode(old, why);
    data.id = stele::uuid::v5({}, "lamp");
    const auto shown = [&](const stele::event_data& stored) {
        const auto recorded = stele::as_recorded(stored, "stock-ä", {{2}, {9}},
                                                 stele::timestamp{std::chrono::milliseconds{1'767'225'600'001}});
        const stele::recorded_schemas schemas{store};
        return std::vector{schemas.to_json_line(recorded), schemas.to_json_line<testing::totals, stock>(recorded)};
    };
    const auto begin = R"({"position":"9","stream":"stock-ä","version":"2","type":"warehouse.ItemAdded",)"
                       R"("recorded_at":"2026-01-01T00:00:00.001Z","id":")" +
                       data.id.str() + R"(","metadata":)";
    const std::string meta =
        R"({"correlation_id":"c","causation_id":"e","actor":"Zoë \"\n","headers":{"a":"","till\t":"4"}},)";
    const std::string payload = R"("payload":{"item":"lamp","pieces":3})";
    CHECK(
        shown(data) ==
        found{
            begin + meta + payload + "}",
            begin + meta + payload +
                R"(,"upcast":[{"type":"warehouse.ItemAddedV3","payload":{"item":"lamp","quantity":{"amount":"3","unit":"pieces"}}}]})"});
    data.tags = {"item:lamp", "note:\"old\""};
    CHECK(shown(data)[0] == begin + meta + R"("tags":["item:lamp","note:\"old\""],)" + payload + "}");
    data.tags = {};
    data.metadata =
        stele::encode({.actor = "ann", .occurred_at = std::chrono::sys_days{std::chrono::year{1993} / 1 / 7}});
    const auto with_time = shown(data)[0];
    CHECK(with_time.contains(R"(.001Z","occurred_at":"1993-01-07T00:00:00Z","id":")"));
    CHECK(with_time.contains(R"("metadata":{"actor":"ann"})"));
    data.metadata = stele::encode({.occurred_at = stele::timestamp::max()});
    CHECK(shown(data)[0].contains(R"("occurred_at":{"seconds":"9223372036854","nanos":775807000})"));
    data.metadata = "\xff";
    CHECK(shown(data)[0] ==
          begin.substr(0, begin.find("\"metadata\":")) + R"("metadata_bytes":"/w==",)" + payload + "}");
    data.type = "testing.NobodyKnows";
    data.payload = {};
    CHECK(shown(data)[1].ends_with(R"("payload":{},"upcast":[]})"));
}

TEST_CASE("a recorded schema that cannot be read is named") {
    stele::memory_store store;
    REQUIRE(store.append({}, std::vector<stele::document_write>{{"schema", "shop.Sold/000001", "\xff"}}));
    const auto failure = error_of([&] { static_cast<void>(stele::check_schemas<stock>(store)); });
    CHECK(failure.kind == stele::error_kind::corrupt);
    CHECK(failure.says("\"shop.Sold/000001\""));
}
