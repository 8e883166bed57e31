// Tags that events get after they were stored: wherever events are read, selected or ruled out, they count as those
// that an event was appended with.

#include "courses/catalogue.hpp"
#include "courses/enrolment.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/codec/tags/tag_stored_events.hpp>
#include <stele/commands.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <atomic>
#include <thread>
#include <vector>

using courses::enrol;
using courses::enrolled;
using courses::left;
using courses::opened;
using stele::error_kind;
using stele::event_data;
using stele::expected_version;
using stele::position;
using stele::stream_id;
using stele::tag_list;
using testing::error_of;

namespace {

namespace hana = boost::hana;

struct tagged_events {
    static constexpr auto events =
        hana::tuple_t<courses::CourseOpened, courses::SeatsChanged, courses::StudentEnrolled, courses::StudentLeft>;
};
struct opened_courses {
    static constexpr auto events = hana::tuple_t<courses::CourseOpened>;
};

// As programs stored it before there was a tags_of.
template <class Event>
event_data untagged(const Event& event) {
    auto data = stele::encode(event);
    data.tags = {};
    return data;
}

void append(stele::event_store& store, const std::string& stream, std::vector<event_data> events) {
    REQUIRE(store.append(stream_id{stream}, expected_version::any(), std::span<const event_data>(events)));
}

// Two courses, and who is in them; at positions 3 and 4 with their tags, and at 5 something without any.
void append_some(stele::event_store& store) {
    append(store, "course-c1", {untagged(opened("c1", 2)), untagged(enrolled("c1", "ada"))});
    append(store, "course-c2", {stele::encode(opened("c2", 1)), stele::encode(enrolled("c2", "ada"))});
    append(store, "note-1", {make_event()});
    append(store, "course-c1", {untagged(enrolled("c1", "bob")), untagged(left("c1", "bob"))});
}

std::vector<std::uint64_t> tagged(stele::event_store& store, const tag_list& tags,
                                  stele::direction order = stele::direction::forward) {
    std::vector<std::uint64_t> found;
    for (const auto& event : store.read_all({.direction = order, .filter = {.tags = tags}}).events()) {
        found.push_back(event.position.value);
        CHECK(event.tags.contains_all(tags));
    }
    return found;
}

using positions = std::vector<std::uint64_t>;

}  // namespace

STORE_TEST_CASE(store, "stored events are found by the tags that they are given later") {
    append_some(*store);
    const auto root = store->root();
    CHECK(tagged(*store, {"student:ada"}) == positions{4});
    const auto report = stele::tag_stored_events<tagged_events>(*store);
    CHECK(report.complete);
    CHECK(report.goal.value == 7);
    CHECK(report.events_read == 6);
    CHECK(report.events_tagged == 4);
    for (int i = 0; i < 2; ++i) {
        CHECK(tagged(*store, {"student:ada"}) == positions{2, 4});
        CHECK(tagged(*store, {"course:c1"}, stele::direction::backward) == positions{7, 6, 2, 1});
        CHECK(tagged(*store, {"course:c1", "student:bob"}) == positions{6, 7});
        CHECK(tagged(*store, {"course:c3"}).empty());
        for (const auto& event : store->read_stream(stream_id{"course-c1"}).events()) {
            CHECK(event.tags.contains("course:c1"));
            CHECK(event.tags == event.added_tags);
            CHECK(store->find_event(event.id)->tags == event.tags);
            // The leaf is that of the event as it was appended.
            CHECK(verify_inclusion(leaf_hash(event), store->prove_inclusion(event.position, root.size), root));
        }
        store.reopen();
    }
    CHECK(store->root(root.size) == root);
    CHECK(store->last_event({.up_to = {4}})->added_tags.empty());  // it had them
    CHECK(store->last_event({.up_to = {5}})->tags.empty());
}

STORE_TEST_CASE(store, "conditions and decision models see them") {
    append_some(*store);
    stele::tag_stored_events<tagged_events>(*store);
    const auto now = [&](const stele::event_query& query, position after) {
        const std::vector events{make_event()};
        return store->append(stream_id{"note-1"}, expected_version::any(), events, {stele::no_event{query, after}});
    };
    const auto refused = now({.tags = {"student:bob"}}, {1});
    REQUIRE(!refused);
    CHECK(refused.error().event->position.value == 6);
    CHECK(refused.error().event->tags == tag_list{"course:c1", "student:bob"});
    // An alternative without a tag is not looked up.
    const auto scanned = now({.any_of = {{.tags = {"student:bob"}}, {.types = {"none.Such"}}}}, {6});
    REQUIRE(!scanned);
    CHECK(scanned.error().event->position.value == 7);
    // What was read before the tags were added is not known to be all.
    const auto before = now({.tags = {"student:bob"}}, {7});
    REQUIRE(!before);
    CHECK(before.error().event->type == "stele.v1.TaggingBegun");
    CHECK(before.error().event->position.value == 8);
    CHECK(now({.types = {"none.Such"}}, {7}));
    CHECK(now({.tags = {"student:bob"}}, {8}));

    stele::command_bus<courses::catalogue, courses::enrolment> bus{*store};
    const auto again = bus.send(enrol("c1", "ada"));
    CHECK((again && again->events.empty()));  // ada is in it
    CHECK(bus.send(enrol("c1", "eve")));      // bob has left one of the two seats
    CHECK(bus.send(enrol("c1", "bob")).error().rejection()->code == "course_full");
}

STORE_TEST_CASE(store, "until a key is complete, nothing is selected by it, and a run that was stopped goes on") {
    for (int i = 0; i < 600; ++i) append(*store, "course-c1", {untagged(enrolled("c1", std::to_string(i)))});
    append(*store, "course-c1", {untagged(opened("c1", 600))});
    append(*store, "course-c1", {stele::encode(enrolled("c1", "ada"))});
    stele::tag_stored_events<opened_courses>(*store);  // the key `course` is complete for this type only
    CHECK(store->tagging_status() ==
          std::vector<stele::tagging_status>{{"course", "courses.CourseOpened", {602}, {602}, {603}}});
    CHECK(tagged(*store, {"course:c1"}) == positions{601, 602});

    std::stop_source stop;
    const auto first = stele::tag_stored_events<tagged_events>(
        *store, {.on_progress = [&](const auto&) { stop.request_stop(); }, .stop = stop.get_token()});
    CHECK_FALSE(first.complete);
    CHECK(first.up_to.value > 0);
    CHECK(first.up_to.value < 602);
    const auto told = [&](const std::function<void()>& ask) {
        const auto caught = error_of(ask);
        CHECK(caught.kind == error_kind::needs_tagging);
        CHECK(caught.says("it is being added to the stored events of type courses."));
        CHECK(caught.says("they have it up to position " + std::to_string(first.up_to.value) + " of 603"));
    };
    const stele::event_query by_course{.tags = {"course:c1"}};
    const stele::event_query by_either{.any_of = {{.types = {"none.Such"}}, {.tags = {"student:1", "zone:1"}}}};
    const std::vector events{make_event()};
    for (int i = 0; i < 2; ++i) {
        told([&] { (void)store->count_events({.filter = by_course}); });
        told([&] { (void)store->last_event({.filter = by_either}); });
        for (const auto& query : {by_course, by_either})
            told([&] {
                (void)store->append(stream_id{"note-1"}, expected_version::any(), events,
                                    {stele::no_event{query, store->head()}});
            });
        told([&] {
            stele::command_bus<courses::enrolment> bus{*store};
            (void)bus.send(enrol("c1", "eve"));
        });
        CHECK(store->head().value == 604);  // each run has begun with a record
        CHECK(tagged(*store, {"zone:1"}).empty());
        CHECK(store->count_events() == 604);
        store.reopen();
    }
    const auto rest = stele::tag_stored_events<tagged_events>(*store);
    CHECK(rest.complete);
    CHECK(first.events_read + rest.events_read >= 602);
    CHECK(rest.events_read < 602 + 3);
    CHECK(tagged(*store, {"course:c1"}).size() == 602);
    CHECK(stele::tag_stored_events<tagged_events>(*store).events_read == 0);
}

STORE_TEST_CASE(store, "an append that is repeated stays repeated while a key is not complete") {
    const std::vector events{make_event()};
    const std::vector<stele::append_condition> none{stele::no_event{{.tags = {"course:c1"}}, {}}};
    REQUIRE(store->append(stream_id{"note-1"}, expected_version::any(), events, none));
    store->add_tags({.steps = {{{"course", "courses.CourseOpened", {}, {1}}, {}}}});
    CHECK(store->append(stream_id{"note-1"}, expected_version::any(), events, none)->repeated);
}

STORE_TEST_CASE(store, "with its events, added tags are removed") {
    append_some(*store);
    stele::tag_stored_events<tagged_events>(*store);
    REQUIRE(store->truncate_stream(stream_id{"course-c1"}, {3}));
    CHECK(tagged(*store, {"course:c1"}) == positions{6, 7});
    REQUIRE(store->delete_stream(stream_id{"course-c1"}));
    CHECK(tagged(*store, {"course:c1"}).empty());
    if (const auto* const sqlite = dynamic_cast<stele::sqlite_store*>(&*store))
        CHECK(sqlite->verify().damage == std::vector<std::string>{});
    CHECK(tagged(*store, {"student:ada"}) == positions{4});
    // One that is removed between its read and its tags gets none.
    store->add_tags({.additions = {{{6}, {"course:c1"}}}});
    CHECK(tagged(*store, {"course:c1"}).empty());
}

STORE_TEST_CASE(store, "an archive has them, and knows which are not in the leaf") {
    append_some(*store);
    stele::tag_stored_events<tagged_events>(*store);
    const auto root = store->root();
    const temp_dir directory;
    const auto archive = directory / "old.archive";
    stele::apply_retention(*store, {{.category = "course", .keep_events = 0}}, {.archive = archive});
    std::size_t with_added = 0;
    for (const auto& event : stele::read_archive(archive).events()) {
        CHECK(event.tags.contains("course:" + std::string{event.stream.substr(7)}));
        CHECK(verify_inclusion(leaf_hash(event), store->prove_inclusion(event.position, root.size), root));
        with_added += event.added_tags.empty() ? 0 : 1;
    }
    CHECK(with_added == 4);
}

STORE_TEST_CASE(store, "several runs at once, appends and removals do no harm") {
    for (int i = 0; i < 300; ++i)
        append(*store, "course-c" + std::to_string(i % 7), {untagged(enrolled("c1", std::to_string(i % 5)))});
    std::vector<std::jthread> all;
    std::atomic<int> complete = 0;
    for (int i = 0; i < 3; ++i)
        all.emplace_back([&] { complete += stele::tag_stored_events<tagged_events>(*store).complete ? 1 : 0; });
    all.emplace_back([&] {
        for (int i = 0; i < 50; ++i)
            if (!store->append(stream_id{"course-c1"}, expected_version::any(), stele::encode(enrolled("c1", "1"))))
                complete = -10;
        if (!store->truncate_stream(stream_id{"course-c2"}, {20})) complete = -10;
    });
    all.clear();
    CHECK(complete == 3);
    CHECK(tagged(*store, {"course:c1"}).size() == 350 - 19);
    CHECK(tagged(*store, {"student:1"}).size() ==
          store->count_events({.filter = {.any_of = {{.tags = {"student:1", "course:c1"}}}}}));
    std::size_t lacking = 0;
    for (const auto& event : store->read_all({.filter = {.categories = {"course"}}}).events())
        lacking += event.tags.size() == 2 ? 0 : 1;
    CHECK(lacking == 0);
}

STORE_TEST_CASE(store, "what is complete stays complete, and begins again only when told to") {
    append_some(*store);
    stele::tag_stored_events<tagged_events>(*store);
    // A program of yesterday, which should have been replaced, has appended meanwhile.
    append(*store, "course-c1", {untagged(enrolled("c1", "eve"))});
    CHECK(tagged(*store, {"student:eve"}).empty());
    const auto later = stele::tag_stored_events<tagged_events>(
        *store, {.on_progress = [&](const auto&) { CHECK(tagged(*store, {"course:c1"}).size() == 5); }});
    CHECK(later.events_read == 1);
    CHECK(later.events_tagged == 1);
    CHECK(tagged(*store, {"student:eve"}) == positions{9});

    const auto again = stele::tag_stored_events<tagged_events>(*store, {.again = true});
    CHECK(again.complete);
    CHECK(again.events_read == 7);
    CHECK(again.events_tagged == 0);
    std::stop_source stop;
    stop.request_stop();
    const auto before = tagged(*store, {"course:c1"});
    CHECK_FALSE(stele::tag_stored_events<tagged_events>(*store, {.again = true, .stop = stop.get_token()}).complete);
    CHECK(tagged(*store, {"course:c1"}) == before);  // it was stopped before it changed anything
    CHECK(stele::tag_stored_events<tagged_events>(*store).events_read == 0);

    store->add_tags(
        {.steps = {{{"course", "courses.StudentEnrolled", {}, {8}}, {}, true}}});  // as a run that was killed
    CHECK(error_of([&] { (void)tagged(*store, {"course:c1"}); }).says("up to position 0 of 10"));
    CHECK(stele::tag_stored_events<tagged_events>(*store).events_read == 7);
}

STORE_TEST_CASE(store, "a step counts only behind the steps before it") {
    append(*store, "note-1", make_events(9));
    const auto step = [&](std::uint64_t after, std::uint64_t up_to, std::uint64_t goal, bool again = false) {
        store->add_tags({.steps = {{{"course", "t.Type", {up_to}, {goal}}, {after}, again}}});
        const auto now = store->tagging_status();
        return std::vector{now.at(0).up_to.value, now.at(0).goal.value};
    };
    CHECK(step(2, 5, 8) == positions{0, 8});
    CHECK(step(0, 5, 8) == positions{5, 8});
    CHECK(step(0, 3, 8) == positions{5, 8});
    CHECK(step(6, 7, 9) == positions{5, 9});
    CHECK(step(5, 9, 9) == positions{9, 9});
    CHECK(step(0, 0, 9) == positions{9, 9});
    CHECK(step(0, 0, 9, true) == positions{0, 9});
}

STORE_TEST_CASE(store, "what cannot be added is refused as a whole") {
    append(*store, "note-1", make_events(2));
    tag_list most;
    for (int i = 0; i < 32; ++i) most.add("n:" + std::to_string(i));
    const auto refused = [&](const stele::tag_batch& batch) { return error_of([&] { store->add_tags(batch); }); };
    CHECK(refused({.additions = {{{1}, {"a:1"}}, {{0}, {"a:1"}}}}).says("there is no event at position 0"));
    CHECK(refused({.additions = {{{1}, {"a:1"}}, {{1}, {"a:2"}}}}).says("position 1 occurs twice"));
    CHECK(refused({.additions = {{{1}, {"a:1"}}, {{3}, {"a:1"}}}}).kind == error_kind::other_store);
    CHECK(refused({.additions = {{{1}, {"a:1"}}}, .steps = {{{"a", "t.T", {}, {3}}, {}}}}).kind ==
          error_kind::other_store);
    CHECK(refused({.steps = {{{"a:b", "t.T", {}, {1}}, {}}}}).says("the key 'a:b' contains a ':'"));
    CHECK(refused({.steps = {{{"", "t.T", {}, {1}}, {}}}}).kind == error_kind::invalid_argument);
    CHECK(refused({.steps = {{{"a", "", {}, {1}}, {}}}}).kind == error_kind::invalid_argument);
    CHECK(refused({.steps = {{{"a", "t.T", {1}, {1}}, {2}}}}).says("from position 2 back to 1"));
    CHECK(refused({.steps = {{{"a", "t.T", {}, {1}}, {}}, {{"a", "t.T", {}, {2}}, {}}}}).says("two steps"));
    store->add_tags({.additions = {{{2}, most}}});
    CHECK(refused({.additions = {{{1}, {"a:1"}}, {{2}, {"a:1"}}}})
              .says("with the tag 'a:1', the event at position 2 would have more than 32 tags"));
    CHECK(tagged(*store, {"a:1"}).empty());
    store->add_tags({.additions = {{{2}, most}}});  // it has them
    CHECK(store->tagging_status().empty());
}

TEST_CASE("a store that adds no tags says so") {
    stele::memory_store memory;
    testing::spy_store store{memory};
    store.adds_tags = false;
    CHECK(error_of([&] { store.add_tags({}); }).says("this store adds no tags"));
    CHECK(store.tagging_status().empty());
}
