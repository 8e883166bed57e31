// Events that no program with Protobuf has written come back as they were, and nobody takes them for messages.

#include "contract/retention/archived.hpp"
#include "support/counter.hpp"
#include "support/errors.hpp"
#include "support/listener.hpp"
#include "support/stores.hpp"

#include <stele/aggregates/load.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/projections/memory/fold.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

using stele::error_kind;
using stele::event_content;
using stele::event_data;
using stele::expected_version;
using stele::stream_id;
using testing::error_of;

namespace {

using namespace std::string_literals;

const stream_id parcel{"parcel-12"};

// One of each kind, and those at the edges.
std::vector<event_data> some_foreign() {
    return {
        {.type = "ParcelSent",
         .payload = R"({"to": "Kiel", "grams": 1234567890123456789012})",
         .metadata = R"({"by": "post"})",
         .content = event_content::json,
         .foreign_metadata = true},
        {.type = "LabelPrinted", .payload = "\x89PNG\0\xff"s, .content = event_content::octets},
        {.type = "ParcelLost", .payload = "", .content = event_content::json},
        {.type = "ParcelFound", .payload = "", .content = event_content::octets, .foreign_metadata = true},
        {.type = "ParcelOpened", .payload = "not { JSON", .content = event_content::json},
        {.type = "testing.Incremented", .payload = "", .metadata = "\x08\x08\x08"s, .foreign_metadata = true},
        {.type = "testing.Incremented", .payload = "", .metadata = stele::encode(stele::metadata{.actor = "ann"})},
    };
}

std::string text_of(std::string_view type, std::string_view payload, std::string_view metadata, event_content content,
                    bool foreign_metadata) {
    return fmt::format("{}|{}|{}|{}|{}", type, payload, metadata, to_string(content), foreign_metadata);
}

std::string text_of(const event_data& e) {
    return text_of(e.type, e.payload, e.metadata, e.content, e.foreign_metadata);
}

template <class Event>
std::string text_of(const Event& e) {
    return text_of(e.type, e.payload, e.metadata, e.content, e.foreign_metadata);
}

std::vector<std::string> texts_of(const auto& events) {
    std::vector<std::string> texts;
    for (const auto& event : events) texts.push_back(text_of(event));
    return texts;
}

std::vector<std::string> texts_of(stele::event_range range) {
    std::vector<std::string> texts;
    for (const auto& event : std::move(range).events()) texts.push_back(text_of(event));
    return texts;
}

event_data incremented_as(event_content content) {
    testing::Incremented event;
    event.set_by(1);
    auto data = stele::encode(event);
    data.content = content;
    return data;
}

}  // namespace

STORE_TEST_CASE(store, "foreign events come back byte for byte, in every kind of read") {
    const auto events = some_foreign();
    REQUIRE(store->append(parcel, expected_version::no_stream(), events));
    store.reopen();
    const auto expected = texts_of(events);
    CHECK(texts_of(store->read_stream(parcel)) == expected);
    CHECK(texts_of(store->read_all()) == expected);
    CHECK(texts_of(store->read_all({.filter = {.types = {"ParcelSent"}}})) == std::vector{expected[0]});
    for (std::size_t i = 0; i < events.size(); ++i) CHECK(text_of(*store->find_event(events[i].id)) == expected[i]);
    CHECK(text_of(*store->last_event({.filter = {.types = {"LabelPrinted"}}})) == expected[1]);
    CHECK(text_of(store->last_event()->view()) == expected.back());

    std::vector<std::string> followed;
    {
        auto subscription =
            stele::subscribe(*store, {}, [&](const auto& event) { followed.push_back(text_of(event)); });
        REQUIRE(subscription.wait_for({events.size()}, std::chrono::seconds{60}));
    }
    CHECK(followed == expected);
}

STORE_TEST_CASE(store, "the same event is recognised by its id, whatever it holds") {
    auto events = some_foreign();
    REQUIRE(store->append(parcel, expected_version::no_stream(), events));
    events[0].content = event_content::octets;
    CHECK(store->append(parcel, expected_version::no_stream(), events)->repeated);
    CHECK(store->find_event(events[0].id)->content == event_content::json);
}

STORE_TEST_CASE(store, "JSON that is not UTF-8 is refused, and so is a content that there is not") {
    const auto refusal = [&](const event_data& event) {
        const auto refused = error_of([&] { (void)store->append(parcel, expected_version::any(), event); });
        CHECK(refused.kind == error_kind::invalid_argument);
        CHECK(store->head().value == 0);
        return refused.message;
    };
    CHECK(refusal({.type = "ParcelSent", .payload = "\"\xff\"", .content = event_content::json}) ==
          "append to stream 'parcel-12': an event of type ParcelSent is called JSON, and is not valid UTF-8; append it "
          "as octets");
    CHECK(refusal({.type = "ParcelSent", .content = static_cast<event_content>(3)}) ==
          "append to stream 'parcel-12': an event of type ParcelSent has content 3, which there is not; take one of "
          "event_content");
}

STORE_TEST_CASE(store, "foreign metadata says nothing to the library, though its bytes may look like it") {
    const auto looks_like_ours =
        stele::encode(stele::metadata{.correlation_id = "c", .actor = "ann", .occurred_at = stele::timestamp{}});
    event_data foreign{.type = "ParcelSent", .metadata = looks_like_ours, .foreign_metadata = true};
    event_data ours{.type = "ParcelSent", .metadata = looks_like_ours};
    REQUIRE(store->append(parcel, expected_version::any(), {foreign, ours}));
    const auto first = *store->find_event(foreign.id);
    const auto second = *store->find_event(ours.id);
    CHECK(stele::decode_metadata(first) == stele::metadata{});
    CHECK(stele::decode_metadata(first.view()) == stele::metadata{});
    CHECK(stele::decode_metadata(second).actor == "ann");
    CHECK(stele::occurred_at(first) == first.recorded_at);
    CHECK(stele::occurred_at(second) == stele::timestamp{});
    const auto found = texts_of(store->read_all({.filter = {.correlation_id = "c"}}));
    CHECK(found == std::vector{text_of(ours)});
    CHECK(stele::caused_by(first.view()).correlation_id == foreign.id.str());
    CHECK(stele::caused_by(first.view()).causation_id == foreign.id.str());
    CHECK(stele::caused_by(second.view()).correlation_id == "c");

    event_data broken{.type = "ParcelSent", .metadata = "{}", .foreign_metadata = false};
    REQUIRE(store->append(parcel, expected_version::any(), broken));
    CHECK(error_of([&] { (void)stele::decode_metadata(*store->find_event(broken.id)); }).kind ==
          error_kind::undecodable);
}

STORE_TEST_CASE(store, "a foreign event under the type of a message is undecodable, though its bytes may be one") {
    for (const auto content : {event_content::json, event_content::octets}) {
        const stream_id counter{"counter", std::string(to_string(content))};
        testing::CounterOpened opened;
        REQUIRE(store->append(counter, expected_version::any(), {stele::encode(opened), incremented_as(content)}));
        const auto check = [&](const auto& call) {
            const auto refused = error_of([&] { call(); });
            CHECK(refused.kind == error_kind::undecodable);
            CHECK(
                refused.says(fmt::format("(stream \"{}\", version 2) is {}, not a testing.Incremented: it was stored "
                                         "as a foreign event",
                                         counter.str(), to_string(content))));
        };
        check([&] { (void)stele::load<testing::counter>(*store, counter); });
        check([&] {
            stele::decode_each<testing::counter>(store->read_stream(counter), [](const auto&, const auto&) {});
        });
    }
}

STORE_TEST_CASE(store,
                "a subscription makes a foreign event a dead letter where it lists its type, and passes others") {
    const stream_id counter{"counter-1"};
    auto label = some_foreign()[1];
    REQUIRE(store->append(counter, expected_version::any(),
                          {incremented_as(event_content::message), label, incremented_as(event_content::json),
                           incremented_as(event_content::message)}));
    REQUIRE(store->append(stream_id{"counter-2"}, expected_version::any(), incremented_as(event_content::message)));
    testing::notebook book;
    stele::subscription_runner runner{*store};
    runner.add(testing::parking_listener{book});
    (void)runner.catch_up();
    CHECK(book.positions() == std::vector<std::uint64_t>{1, 5});
    const auto status = testing::status_of(runner);
    CHECK(status.ignored == 1);
    CHECK(status.dead_lettered == 2);  // the one, and the next of its stream
}

STORE_TEST_CASE(store, "an archive gives foreign events back as they were") {
    const auto events = some_foreign();
    REQUIRE(store->append(parcel, expected_version::no_stream(), events));
    const temp_dir directory;
    const std::vector<stele::retention_policy> all{{.category = "parcel", .keep_events = 0}};
    const auto report = stele::apply_retention(*store, all, {.archive = directory / "archive"});
    CHECK(report.events_archived == events.size());
    CHECK(texts_of(stele::read_archive(directory / "archive")) == texts_of(events));
    // Nothing is said of what every event of ours is, so an archive of messages alone is what it always was.
    const auto lines = testing::content_of(directory / "archive");
    CHECK(lines.contains(R"("content":1,"foreign_metadata":true,"sum")"));
    CHECK(lines.contains(R"("content":2,"sum")"));
    const auto last = lines.substr(lines.rfind('\n', lines.size() - 2));
    CHECK_FALSE(last.contains("content"));
    CHECK_FALSE(last.contains("foreign"));
}
