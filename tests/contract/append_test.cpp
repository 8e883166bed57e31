// What every store answers to an append.

#include "support/stores.hpp"

using stele::conflict_reason;
using stele::error_kind;
using stele::expected_version;
using stele::stream_id;
using stele::version;

namespace {

const stream_id account{"account-42"};
const stream_id other{"account-43"};

error_kind kind_of_refusal(stele::event_store& store, const stream_id& stream,
                           const std::vector<stele::event_data>& events, std::string_view words) {
    const auto before = store.head();
    try {
        (void)store.append(stream, expected_version::any(), events);
    } catch (const stele::error& refusal) {
        INFO(refusal.what());
        CHECK(std::string_view(refusal.what()).find(words) != std::string_view::npos);
        CHECK(store.head() == before);
        return refusal.kind();
    }
    FAIL("was not refused");
    return {};
}

}  // namespace

STORE_TEST_CASE(store, "a stream id that was moved from names no stream, whatever is done with it") {
    stream_id stream{"order-7"};
    REQUIRE(store->append_async(std::move(stream), expected_version::any(), make_events(1)).get());
    const auto refused = [](const auto& use) {
        CHECK_THROWS_WITH_AS(use(), doctest::Contains("moved from"), stele::error);
    };
    // NOLINTBEGIN(bugprone-use-after-move): that is the mistake
    refused([&] { (void)store->append(stream, expected_version::any(), make_events(1)); });
    refused([&] { (void)store->append_async(stream, expected_version::any(), make_events(1)); });
    refused([&] { (void)store->delete_stream(stream); });
    refused([&] { (void)store->truncate_stream(stream, stele::version{1}); });
    refused([&] { (void)store->read_stream(stream); });
    // NOLINTEND(bugprone-use-after-move)
    CHECK(store->head().value == 1);
}

STORE_TEST_CASE(store, "versions count within the stream, positions over the whole store") {
    CHECK(store->head().value == 0);
    CHECK(store->stream_version(account).value == 0);

    auto result = store->append(account, expected_version::no_stream(), make_events(3));
    REQUIRE(result);
    CHECK(result->version.value == 3);
    CHECK(result->position.value == 3);
    CHECK_FALSE(result->repeated);

    result = store->append(other, expected_version::no_stream(), make_events(1));
    REQUIRE(result);
    CHECK(result->version.value == 1);
    CHECK(result->position.value == 4);

    result = store->append(account, expected_version::exactly(version{3}), make_events(2));
    REQUIRE(result);
    CHECK(result->version.value == 5);
    CHECK(result->position.value == 6);

    store.reopen();
    CHECK(store->head().value == 6);
    CHECK(store->stream_version(account).value == 5);
    CHECK(store->stream_version(other).value == 1);
    CHECK(store->stream_version(stream_id{"account-4"}).value == 0);
}

STORE_TEST_CASE(store, "each expected version against a stream that is absent, at 1 and at 2") {
    struct row {
        expected_version expected;
        bool absent, at_one, at_two;
    };
    const row table[] = {
        {expected_version::any(), true, true, true},
        {expected_version::no_stream(), true, false, false},
        {expected_version::stream_exists(), false, true, true},
        {expected_version::exactly(version{0}), true, false, false},
        {expected_version::exactly(version{1}), false, true, false},
        {expected_version::exactly(version{2}), false, false, true},
        {expected_version::exactly(version{3}), false, false, false},
    };
    int number = 0;
    for (const auto& [expected, absent, at_one, at_two] : table) {
        for (std::size_t length = 0; length < 3; ++length) {
            const stream_id stream("case", std::to_string(++number));
            if (length > 0) REQUIRE(store->append(stream, expected_version::no_stream(), make_events(length)));
            const auto head = store->head();
            const bool accepted = length == 0 ? absent : length == 1 ? at_one : at_two;
            INFO("expected " << expected.str() << ", stream at " << length);

            const auto result = store->append(stream, expected, make_events(1));
            REQUIRE(result.has_value() == accepted);
            if (accepted) {
                CHECK(result->version.value == length + 1);
                CHECK(result->position.value == head.value + 1);
            } else {
                CHECK(result.error().stream == stream);
                CHECK(result.error().expected == expected);
                CHECK(result.error().actual.value == length);
                CHECK(result.error().reason == conflict_reason::version);
                CHECK(store->head() == head);
                CHECK(store->stream_version(stream).value == length);
            }
        }
    }
}

STORE_TEST_CASE(store, "a conflict says what was expected and what is there") {
    REQUIRE(store->append(account, expected_version::no_stream(), make_events(2)));
    const auto result = store->append(account, expected_version::exactly(version{1}), make_events(1));
    REQUIRE_FALSE(result);
    CHECK(result.error().message() == "stream 'account-42': expected version 1, but it is at 2");
}

STORE_TEST_CASE(store, "bytes are read back as they were written") {
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    std::vector<stele::event_data> events{make_event("a", ""), make_event("b", all_bytes),
                                          make_event("c", std::string(1 << 20, 'x'))};
    events[1].metadata = all_bytes + all_bytes;
    REQUIRE(store->append(account, expected_version::no_stream(), events));
    store.reopen();

    std::size_t i = 0;
    for (const auto& event : store->read_stream(account).events()) {
        REQUIRE(i < events.size());
        CHECK(event.id == events[i].id);
        CHECK(event.type == events[i].type);
        CHECK(event.payload == events[i].payload);
        CHECK(event.metadata == events[i].metadata);
        CHECK(event.stream == "account-42");
        ++i;
    }
    CHECK(i == events.size());
}

STORE_TEST_CASE(store, "recorded_at is the time of the append and never decreases") {
    const auto before = std::chrono::system_clock::now() - std::chrono::seconds{1};
    for (int i = 0; i < 5; ++i) REQUIRE(store->append(account, expected_version::any(), make_events(2)));
    const auto after = std::chrono::system_clock::now() + std::chrono::seconds{1};
    stele::timestamp last{};
    for (const auto& event : store->read_all().events()) {
        CHECK(event.recorded_at >= last);
        CHECK(event.recorded_at >= before);
        CHECK(event.recorded_at <= after);
        last = event.recorded_at;
    }
}

STORE_TEST_CASE(store, "an invalid append is refused by name and changes nothing") {
    REQUIRE(store->append(account, expected_version::no_stream(), make_events(1)));
    const auto refused = [&](const std::vector<stele::event_data>& events, std::string_view words) {
        CHECK(kind_of_refusal(*store, account, events, words) == error_kind::invalid_argument);
    };
    refused({}, "the batch has no events");
    refused({make_event("")}, "event type '': is empty");
    refused({make_event("bad\nname")}, "event type '?': contains a control character");
    refused({make_event("bad\xC3name")}, "event type '?': is not valid UTF-8");
    refused({make_event(std::string(513, 'x'))}, "has 513 bytes, at most 512 are allowed");
    refused({make_event("big", std::string((16 << 20) + 1, 'x'))}, "has 16777217 bytes, at most 16777216 are allowed");
    refused(std::vector(5, make_event("many", std::string(14 << 20, 'x'))),
            "at most 67108864 are allowed in one append");
    refused(make_events(100'001), "100001 events, at most 100000 are allowed in one append");
    refused({{.id = {}, .type = "a"}}, "an event id is nil");
    const auto event = make_event();
    refused({event, make_event(), event}, "occurs twice in the batch");
    CHECK(kind_of_refusal(*store, stream_id{"stele-streams"}, make_events(1),
                          "the category 'stele' is reserved for the store itself") == error_kind::invalid_argument);
    CHECK(store->stream_version(account).value == 1);
}

STORE_TEST_CASE(store, "a repeated append returns the first result, other events with a stored id are a conflict") {
    const auto events = make_events(3);
    REQUIRE(store->append(account, expected_version::no_stream(), events));
    REQUIRE(store->append(account, expected_version::any(), make_events(1)));
    store.reopen();

    const auto again = store->append(account, expected_version::no_stream(), events);
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->version.value == 3);
    CHECK(again->position.value == 3);

    const std::vector overlapping{events[2], make_event()};
    const auto refused = store->append(account, expected_version::any(), overlapping);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == conflict_reason::event_id);
    CHECK(store->head().value == 4);

    // A refused append leaves no trace of the stream and the types that it would have created.
    const std::vector elsewhere{make_event("test.New"), events[0]};
    CHECK_FALSE(store->append(other, expected_version::no_stream(), elsewhere));
    CHECK(store->stream_version(other).value == 0);
    const std::vector fresh{make_event("test.New")};
    REQUIRE(store->append(other, expected_version::no_stream(), fresh));
    CHECK(lines(store->read_stream(other)) == std::vector<std::string>{"5 account-43@1 test.New payload"});
}

STORE_TEST_CASE(store, "one event and a list of events are appended without a vector") {
    const stream_id stream{"short-1"};
    CHECK(store->append(stream, expected_version::no_stream(), {.type = "test.One"})->version.value == 1);
    const auto two = make_event("test.Two");
    CHECK(store->append(stream, expected_version::exactly({1}), two)->version.value == 2);
    CHECK(store->append(stream, expected_version::exactly({2}), two).error().reason ==
          stele::conflict_reason::event_id);
    CHECK(store->append(stream, expected_version::any(), two)->repeated);
    const auto last = store->append(stream, expected_version::any(), {make_event("test.Three"), {.type = "test.Four"}});
    REQUIRE(last);
    CHECK(*last == stele::stream_position{{4}, {4}});
    std::string types;
    for (const auto& event : store->read_stream(stream).events()) types.append(event.type).append(" ");
    CHECK(types == "test.One test.Two test.Three test.Four ");
    CHECK_THROWS_AS((void)store->append(stream, expected_version::any(), {}), stele::error);
}
