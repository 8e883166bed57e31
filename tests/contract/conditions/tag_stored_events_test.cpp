// Which events the job finds: under earlier names, and what upcasters make of them.

#include "support/errors.hpp"
#include "support/stores.hpp"
#include "testing.pb.h"
#include "values.pb.h"
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/codec/tags/tag_stored_events.hpp>

#include <boost/hana/tuple.hpp>

#include <algorithm>
#include <exception>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace warehouse {

// No other test of this program encodes these events: it would have to see these functions, too.
static auto tags_of(const ItemInspected& event) {
    constexpr stele::tag_key<"name"> name_tag;
    return name_tag(event.item());
}

}  // namespace warehouse

namespace testing {

static auto tags_of(const Nest& event) {
    constexpr stele::tag_key<"nest"> nest_tag;
    return nest_tag(event.number());
}

}  // namespace testing

using stele::expected_version;
using stele::stream_id;
using testing::error_of;
using testing::Nest;
using testing::OtherValues;
using testing::Values;
using warehouse::ItemInspected;

namespace {

namespace hana = boost::hana;

ItemInspected inspected(const std::string& name) {
    ItemInspected event;
    event.set_item(name);
    return event;
}

Nest nest(std::int64_t number) {
    Nest event;
    event.set_number(number);
    return event;
}

struct upcasters {
    static constexpr auto aliases = hana::make_tuple(stele::alias<Nest>{"testing.Hole"});
    static constexpr auto outdated = hana::tuple_t<Values, OtherValues>;
    static std::tuple<ItemInspected, Nest> upcast(const Values& old) {
        return {inspected(old.text()), nest(old.small())};
    }
    static stele::no_events upcast(const OtherValues&) { return {}; }
};

struct birds {
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<ItemInspected, Nest>);
};

void append(stele::event_store& store, const google::protobuf::Message& event, const std::string& type = {}) {
    stele::event_data data{.type = type.empty() ? event.GetDescriptor()->full_name() : type,
                           .payload = event.SerializeAsString()};
    REQUIRE(store.append(stream_id{"bird-1"}, expected_version::any(), data));
}

std::string tags_at(stele::event_store& store, std::uint64_t where) {
    const auto event = store.last_event({.up_to = {where}});
    std::string text = event->tags.text();
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace

STORE_TEST_CASE(store, "an event gets the tags of what it is upcast to") {
    Values both;
    both.set_text("ann");
    both.set_small(7);
    append(*store, inspected("bob"));
    append(*store, nest(3), "testing.Hole");
    append(*store, both);
    append(*store, OtherValues{});
    append(*store, nest(9), "test.Other");
    const auto report = stele::tag_stored_events<birds>(*store);
    CHECK(report.events_tagged == 3);
    CHECK(tags_at(*store, 1) == "name:bob");
    CHECK(tags_at(*store, 2) == "nest:3");
    CHECK(tags_at(*store, 3) == "name:ann nest:7");
    CHECK(tags_at(*store, 4).empty());
    CHECK(tags_at(*store, 5).empty());

    // A key is filled for the types that may carry it, under each name that they had.
    std::set<std::string> of_name, of_nest;
    for (const auto& each : store->tagging_status()) (each.key == "name" ? of_name : of_nest).insert(each.type);
    CHECK(of_name == std::set<std::string>{"warehouse.ItemInspected", "testing.Values"});
    CHECK(of_nest == std::set<std::string>{"testing.Hole", "testing.Nest", "testing.Values"});
}

STORE_TEST_CASE(store, "what cannot be tagged is named, and ends the run before anything is changed") {
    append(*store, inspected("bob"));
    append(*store, inspected(""));
    const auto refused = error_of([&] { stele::tag_stored_events<birds>(*store); });
    CHECK(refused.kind == stele::error_kind::invalid_argument);
    CHECK(refused.says(
        "tag_stored_events failed at position 2 (stream bird-1, version 2, type warehouse.ItemInspected)"));
    CHECK(refused.says("tag 'name:': has no value"));
    CHECK(store->tagging_status().empty());
    CHECK(store->count_events({.filter = {.tags = {"name:bob"}}}) == 0);  // nobody is kept waiting
    REQUIRE(store->truncate_stream(stream_id{"bird-1"}, {3}));
    append(*store, ItemInspected{}, "testing.Nest");
    REQUIRE(store->append(stream_id{"bird-1"}, expected_version::any(),
                          stele::event_data{.type = "warehouse.ItemInspected", .payload = "\xff"}));
    const auto undecodable = error_of([&] { stele::tag_stored_events<birds>(*store); });
    CHECK(undecodable.kind == stele::error_kind::undecodable);
    CHECK(undecodable.says("position 5"));
}

STORE_TEST_CASE(store, "events that cannot be tagged are told to on_fault, and keep the tags that they have") {
    append(*store, inspected("bob"));
    append(*store, inspected(""));
    REQUIRE(
        store->append(stream_id{"bird-1"}, expected_version::any(),
                      stele::event_data{.type = "warehouse.ItemInspected", .payload = "\xff", .tags = {"name:eve"}}));
    append(*store, nest(3));
    std::vector<std::uint64_t> told;
    const auto report = stele::tag_stored_events<birds>(
        *store, {.on_fault = [&](const stele::recorded_event& event, const std::exception_ptr& why) {
            CHECK_THROWS_AS(std::rethrow_exception(why), stele::error);
            CHECK(store->tagging_status().empty());
            told.push_back(event.position.value);
        }});
    CHECK(told == std::vector<std::uint64_t>{2, 3});
    CHECK(report.complete);
    CHECK(report.events_failed == 2);
    CHECK(report.events_tagged == 2);
    CHECK(tags_at(*store, 3) == "name:eve");
    CHECK(store->count_events({.filter = {.tags = {"name:bob"}}}) == 1);
}

STORE_TEST_CASE(store, "foreign events keep the tags that they have") {
    REQUIRE(store->append(stream_id{"bird-1"}, expected_version::any(),
                          stele::event_data{.type = "warehouse.ItemInspected",
                                            .payload = "{}",
                                            .content = stele::event_content::json,
                                            .tags = {"name:eve"}}));
    append(*store, inspected("bob"));
    const auto report = stele::tag_stored_events<birds>(*store);
    CHECK(report.complete);
    CHECK(report.events_tagged == 1);
    CHECK(tags_at(*store, 1) == "name:eve");
}

STORE_TEST_CASE(store, "only the keys that are chosen are added, and the others answer meanwhile") {
    Values both;
    both.set_text("ann");
    both.set_small(7);
    append(*store, both);
    const auto one_key = [&](const stele::tagging_options& options) {
        return stele::tag_stored_events<birds>(*store, options);
    };
    CHECK(one_key({.keys = {"nest"}}).complete);
    CHECK(tags_at(*store, 1) == "nest:7");
    for (const auto& status : store->tagging_status()) CHECK(status.key == "nest");
    append(*store, both);
    // As a run that was killed leaves it.
    store->add_tags({.additions = {}, .steps = {{{"name", "testing.Values", {}, store->head()}, {}}}});
    const auto closed = error_of([&] { static_cast<void>(store->count_events({.filter = {.tags = {"name:ann"}}})); });
    CHECK(closed.kind == stele::error_kind::needs_tagging);
    CHECK(store->count_events({.filter = {.tags = {"nest:7"}}}) == 1);
    CHECK(one_key({.keys = {"name", "nest"}}).complete);
    CHECK(tags_at(*store, 3) == "name:ann nest:7");
    const auto unknown = error_of([&] { static_cast<void>(one_key({.keys = {"colour"}})); });
    CHECK(unknown.kind == stele::error_kind::invalid_argument);
    CHECK(unknown.says("no event of this consumer carries the key 'colour'"));
}

STORE_TEST_CASE(store, "what was read by a tag before events were given it does not count after") {
    std::vector<stele::event_data> events;
    for (int i = 0; i < 1200; ++i) {
        events.push_back({.type = "testing.Nest", .payload = nest(1).SerializeAsString()});
        if (i % 2 == 0) events.back().tags = {"nest:1"};
    }
    REQUIRE(store->append(stream_id{"bird-1"}, expected_version::any(), events));
    const stele::event_query of_nest{.tags = {"nest:1"}};
    const auto head = store->head();
    auto forward = store->read_all({.filter = of_nest});
    auto backward = store->read_all({.direction = stele::direction::backward, .filter = of_nest});
    auto reads = std::vector{forward.begin(), backward.begin()};
    for (const auto& each : reads) REQUIRE(each->size() < 600);
    CHECK(stele::tag_stored_events<birds>(*store).complete);
    for (auto& each : reads) {
        const auto told = error_of([&] { ++each; });
        CHECK(told.kind == stele::error_kind::needs_tagging);
        CHECK(told.says("read again from the beginning"));
    }
    const std::vector more{stele::event_data{.type = "testing.Nest", .payload = nest(1).SerializeAsString()}};
    const auto decide = [&](stele::position after) {
        return store->append(stream_id{"bird-2"}, expected_version::any(), more, {stele::no_event{of_nest, after}});
    };
    const auto stale = decide(head);
    REQUIRE(!stale);
    CHECK(stale.error().event->type == "stele.v1.TaggingBegun");
    CHECK(stale.error().event->position == head.next());
    CHECK(store->count_events({.filter = of_nest}) == 1200);
    CHECK(decide(store->head()));

    // Where nothing is to be added, nothing is begun.
    CHECK(stele::tag_stored_events<birds>(*store).complete);
    const auto before = store->head();
    CHECK(stele::tag_stored_events<birds>(*store, {.again = true}).complete);
    CHECK(store->head() == before);
}
