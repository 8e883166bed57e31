#include "support/projections.hpp"
#include "support/stores.hpp"
#include "support/warehouse.hpp"

#include <rapidcheck.h>

using namespace warehouse;
using stele::encode;
using stele::event_data;
using stele::expected_version;
using testing::error_of;

namespace {

const stele::stream_id stream{"stock-1"};

ItemAdded added_v1(const std::string& item, std::int32_t pieces) {
    ItemAdded event;
    event.set_item(item);
    event.set_pieces(pieces);
    return event;
}

ItemAddedV2 added_v2(const std::string& item, std::int64_t amount, const std::string& unit) {
    ItemAddedV2 event;
    event.set_item(item);
    event.set_amount(amount);
    event.set_unit(unit);
    return event;
}

ItemReplaced replaced(const std::string& old_item, const std::string& new_item) {
    ItemReplaced event;
    event.set_old_item(old_item);
    event.set_new_item(new_item);
    return event;
}

StockCounted counted(const std::vector<ItemAddedV2>& items) {
    StockCounted event;
    event.mutable_items()->Assign(items.begin(), items.end());
    return event;
}

StockCorrected corrected(const std::string& item, std::int64_t by) {
    StockCorrected event;
    event.set_item(item);
    event.set_by(by);
    return event;
}

event_data stored_as(event_data event, const std::string& type) {
    event.type = type;
    return event;
}

// An event of each type that was ever stored, and a line for each event it is upcast to: the stored type, and today's
// event.
std::vector<event_data> one_of_each() {
    return {encode(added_v1("lamp", 3)),
            encode(added_v2("wire", 250, "cm")),
            encode(added("lamp", 4)),
            stored_as(encode(removed("lamp", 2)), "warehouse.ItemTaken"),
            stored_as(encode(added_v1("chair", 9)), "warehouse.PiecesAdded"),
            encode(replaced("lamp", "lantern")),
            encode(counted({added_v2("wire", 50, "cm"), added_v2("rope", 7, "m")})),
            encode(counted({})),
            encode(corrected("lamp", 10)),
            encode(corrected("lamp", -1)),
            encode(corrected("lamp", 0)),
            encode(LabelPrinted{}),
            stored_as(encode(LabelPrinted{}), "warehouse.PinChanged"),
            encode(removed("chair", 1))};
}
const std::vector<std::string> lines_of_each{"ItemAdded: + lamp 3 pieces",       "ItemAddedV2: + wire 250 cm",
                                             "ItemAddedV3: + lamp 4 pieces",     "ItemTaken: - lamp 2",
                                             "PiecesAdded: + chair 9 pieces",    "ItemReplaced: - lamp 1",
                                             "ItemReplaced: + lantern 1 pieces", "StockCounted: + wire 50 cm",
                                             "StockCounted: + rope 7 m",         "StockCorrected: + lamp 10 pieces",
                                             "StockCorrected: - lamp 1",         "ItemRemoved: - chair 1"};

std::string line_of(const ItemAddedV3& event) {
    return "+ " + event.item() + " " + std::to_string(event.quantity().amount()) + " " + event.quantity().unit();
}
std::string line_of(const ItemRemoved& event) {
    return "- " + event.item() + " " + std::to_string(event.amount());
}
std::string line_of(const auto& event, const stele::recorded_event& at) {
    return std::string{at.type.substr(at.type.find('.') + 1)} + ": " + line_of(event);
}

// Collects the lines above.
struct journal {
    static constexpr auto name = "journal";
    static constexpr int version = 1;
    static constexpr auto events = stock::events;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE lines (line TEXT NOT NULL)"); }
    static void project(const auto& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO lines VALUES (?1)", line_of(event, at));
    }
};

// The same for removals only: it handles only some of the events that an old one becomes.
struct removals : journal {
    static constexpr auto name = "removals";
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemRemoved>);
};

template <class Projection>
std::vector<std::string> lines_projected(stele::event_store& store) {
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    runner.add<Projection>();
    runner.catch_up();
    auto db = stele::read_model::open_read_only(directory / (std::string{Projection::name} + ".db"));
    std::vector<std::string> lines;
    for (auto [line] : db.query<std::string>("SELECT line FROM lines ORDER BY rowid")) lines.push_back(line);
    const auto [seen, applied, ignored] =
        db.query_one<int, int, int>("SELECT seen, applied, ignored FROM stele_projection").value();
    CHECK(seen == applied + ignored);
    return lines;
}

// An aggregate without removals, although an old event may become one.
struct additions {
    static constexpr auto category = "stock";
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemAddedV3>);
    static constexpr auto ignored = hana::make_tuple(hana::type_c<ItemRemoved>, "warehouse.NeverHeardOf");

    int seen = 0;
    void evolve(const ItemAddedV3&) { ++seen; }
};

// An aggregate whose list lacks the upcasters.
struct forgetful {
    static constexpr auto category = "stock";
    static constexpr auto events = hana::tuple_t<ItemAddedV3>;
    void evolve(const ItemAddedV3&) {}
};

// An aggregate of an event that no upcaster leads to.
struct inspections {
    static constexpr auto category = "stock";
    static constexpr auto events = hana::tuple_t<ItemInspected>;
    int seen = 0;
    void evolve(const ItemInspected&) { ++seen; }
};

}  // namespace

TEST_CASE("each upcaster can be tested alone") {
    CHECK(upcasters::upcast(added_v1("lamp", 3)).unit() == "pieces");
    CHECK(line_of(upcasters::upcast(added_v2("wire", 250, "cm"))) == "+ wire 250 cm");
    CHECK_FALSE(upcasters::upcast(corrected("lamp", 0)));
}

STORE_TEST_CASE(store, "a consumer of an event gets those of its older types, in order and with the stored record") {
    REQUIRE(store->append(stream, expected_version::no_stream(), one_of_each()));

    std::vector<std::string> lines;
    stele::decode_each<stock>(store->read_stream(stream),
                              [&](const auto& event, const auto& at) { lines.push_back(line_of(event, at)); });
    CHECK(lines == lines_of_each);

    const auto loaded = stele::load<stock>(*store, stream);
    CHECK(loaded.version.value == one_of_each().size());
    CHECK(loaded.state.amounts ==
          std::map<std::string, std::int64_t>{
              {"lamp, pieces", 13}, {"wire, cm", 300}, {"chair, pieces", 8}, {"lantern, pieces", 1}, {"rope, m", 7}});
    CHECK(lines_projected<journal>(*store) == lines_of_each);
    std::vector<std::string> minus;
    for (const auto& line : lines_of_each)
        if (line.find(": -") != std::string::npos) minus.push_back(line);
    CHECK(lines_projected<removals>(*store) == minus);
    CHECK(stele::load<additions>(*store, stream).state.seen == 8);
}

TEST_CASE("stored events that are upcast fold to the same state as new events") {
    CHECK(rc::check([] {
        std::vector<event_data> old_events;
        std::vector<event_data> new_events;
        const auto becomes = [&](const google::protobuf::Message& old, const auto&... now) {
            old_events.push_back(encode(old));
            (new_events.push_back(encode(now)), ...);
        };
        const auto item = [] { return *rc::gen::element<std::string>("lamp", "chair"); };
        for (int left = *rc::gen::inRange(0, 20); left > 0; --left) {
            const auto name = item();
            const auto number = *rc::gen::inRange(-5, 1'000'000);
            switch (*rc::gen::inRange(0, 6)) {
                case 0: becomes(added_v1(name, number), added(name, number)); break;
                case 1: becomes(added_v2(name, number, "kg"), added(name, number, "kg")); break;
                case 2: becomes(replaced(name, "new"), removed(name, 1), added("new", 1)); break;
                case 3: becomes(LabelPrinted{}); break;
                case 4: becomes(removed(name, number), removed(name, number)); break;
                default:
                    becomes(counted({added_v2("a", number, "m"), added_v2("b", 1, "m")}), added("a", number, "m"),
                            added("b", 1, "m"));
            }
        }
        stele::memory_store store;
        if (!old_events.empty()) RC_ASSERT(store.append(stream, expected_version::no_stream(), old_events));
        if (!new_events.empty())
            RC_ASSERT(store.append(stele::stream_id{"stock-2"}, expected_version::no_stream(), new_events));
        RC_ASSERT(stele::load<stock>(store, stream).state.amounts ==
                  stele::load<stock>(store, stele::stream_id{"stock-2"}).state.amounts);
    }));
}

TEST_CASE("an event that is neither handled nor ignored is an error, except for a projection") {
    stele::memory_store store;
    REQUIRE(store.append(stream, expected_version::no_stream(), std::vector{encode(ItemInspected{})}));
    const auto failure = error_of([&] { static_cast<void>(stele::load<stock>(store, stream)); });
    CHECK(failure.kind == stele::error_kind::undecodable);
    CHECK(failure.says("\"warehouse.ItemInspected\" at position 1"));
    CHECK(lines_projected<journal>(store).empty());
}

TEST_CASE("an outdated event whose bytes do not parse is an error that names the type it was stored as") {
    stele::memory_store store;
    auto broken = encode(added_v1("lamp", 1));
    broken.payload.pop_back();
    REQUIRE(store.append(stream, expected_version::no_stream(), std::vector{broken}));
    CHECK(error_of([&] {
              static_cast<void>(stele::load<stock>(store, stream));
          }).says("event of type \"warehouse.ItemAdded\" at position 1"));
}

TEST_CASE("a consumer that lists an event without the upcasters that lead to it is refused by name") {
    stele::memory_store store;
    const auto failure = error_of([&] { static_cast<void>(stele::load<forgetful>(store, stream)); });
    CHECK(failure.kind == stele::error_kind::invalid_argument);
    CHECK(
        failure.message ==
        "The aggregate \"stock\" takes the event warehouse.ItemAddedV3 without the upcasters warehouse::upcasters, and "
        "would miss stored events of older types. Give it the list `stele::upcast_by<warehouse::upcasters>(…)`.");
}

TEST_CASE("an event that no upcaster leads to needs none in its list") {
    stele::memory_store store;
    REQUIRE(store.append(stream, expected_version::no_stream(), std::vector{encode(ItemInspected{})}));
    CHECK(stele::load<inspections>(store, stream).state.seen == 1);
}
