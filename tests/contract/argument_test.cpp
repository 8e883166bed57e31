// What no store accepts, in every function that takes it: the same refusal from every store.

#include "support/errors.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/subscription.hpp>

#include <functional>
#include <string>
#include <vector>

using stele::error_kind;
using stele::event_query;
using stele::expected_version;
using stele::stream_id;
using stele::version;
using testing::error_of;

namespace {

struct refusal {
    std::string name;
    std::string says;
    std::function<void(stele::event_store&)> call;
};

/// Each way to pass a filter, an event type, a stream, a document key or a document kind, by what is passed.
std::vector<refusal> refusals() {
    std::vector<refusal> all;
    const auto add = [&](std::string name, std::string says, std::function<void(stele::event_store&)> call) {
        all.push_back({std::move(name), std::move(says), std::move(call)});
    };
    const std::string long_name(513, 'x');
    const std::vector<std::pair<event_query, std::string>> filters{
        {{.categories = {"order-item"}}, "filter: category 'order-item': a category ends before the first '-'"},
        {{.categories = {"order", ""}}, "filter: category '': is empty"},
        {{.categories = {"a\nb"}}, "filter: category '?': contains a control character"},
        {{.stream_prefixes = {""}}, "filter: stream prefix '': is empty"},
        {{.stream_prefixes = {"\xFF"}}, "filter: stream prefix '?': is not valid UTF-8"},
        {{.streams = {""}}, "filter: stream '': is empty"},
        {{.types = {long_name}}, "has 513 bytes, at most 512 are allowed"},
        {{.types = {""}}, "filter: event type '': is empty"}};
    for (const auto& [filter, says] : filters) {
        add("read_all", says, [=](auto& store) { (void)store.read_all({.filter = filter}); });
        add("last_event", says, [=](auto& store) { (void)store.last_event({.filter = filter}); });
        add("count_events", says, [=](auto& store) { (void)store.count_events({.filter = filter}); });
        add("subscribe", says, [=](auto& store) { (void)stele::subscribe(store, {.filter = filter}, [](auto&) {}); });
    }

    const auto moved = [] {
        stream_id gone{"account-1"};
        const stream_id taken = std::move(gone);
        return gone;  // NOLINT(bugprone-use-after-move): that is what is tested
    };
    const std::string no_stream = "its stream_id was moved from";
    add("append", no_stream,
        [=](auto& store) { (void)store.append(moved(), expected_version::any(), make_events(1)); });
    add("append_async", no_stream,
        [=](auto& store) { (void)store.append_async(moved(), expected_version::any(), make_events(1)); });
    add("truncate_stream", no_stream, [=](auto& store) { (void)store.truncate_stream(moved(), version{1}); });
    add("delete_stream", no_stream, [=](auto& store) { (void)store.delete_stream(moved()); });
    add("tombstone_stream", no_stream, [=](auto& store) { (void)store.tombstone_stream(moved()); });
    add("read_stream", no_stream, [=](auto& store) { (void)store.read_stream(moved()); });
    add("stream_version", no_stream, [=](auto& store) { (void)store.stream_version(moved()); });
    add("find_stream", no_stream, [=](auto& store) { (void)store.find_stream(moved()); });
    add("append", no_stream, [=](auto& store) {
        const auto events = make_events(1);
        const stele::stream_write write{stream_id{"account-1"}, expected_version::any(), events};
        const stele::append_condition expectation = stele::stream_expectation{moved(), expected_version::any()};
        (void)store.append(std::span(&write, 1), {}, std::span(&expectation, 1));
    });
    add("list_streams", "list_streams: category 'a-b': a category ends before the first '-'",
        [](auto& store) { (void)store.list_streams({.category = "a-b"}); });
    add("read_stream", "filter: event type '': is empty",
        [](auto& store) { (void)store.read_stream(stream_id{"account-1"}, {.types = {""}}); });

    for (const auto& [type, says] :
         {std::pair{std::string{}, "event type '': is empty"}, {long_name, "has 513 bytes"}}) {
        auto events = make_events(1);
        events.front().type = type;
        const stream_id stream{"account-1"};
        add("append", says, [=](auto& store) { (void)store.append(stream, expected_version::any(), events); });
        add("append_async", says,
            [=](auto& store) { (void)store.append_async(stream, expected_version::any(), events); });
    }

    const std::vector<std::tuple<std::string, std::string, std::string>> documents{
        {"", "key", "document kind '': is empty"},
        {"a\nb", "key", "document kind '?': contains a control character"},
        {"kind", "", "document of kind 'kind': the key has 0 bytes; give it 1 to 1024"},
        {"kind", std::string(1025, 'k'), "document of kind 'kind': the key has 1025 bytes; give it 1 to 1024"}};
    for (const auto& [kind, key, says] : documents) {
        add("append", says, [kind, key](auto& store) {
            const stele::document_write write{kind, key, "value"};
            (void)store.append({}, std::span(&write, 1));
        });
        add("find_document", says, [kind, key](auto& store) { (void)store.find_document(kind, key); });
        if (kind != "kind") add("list_documents", says, [kind](auto& store) { (void)store.list_documents(kind); });
    }
    return all;
}

}  // namespace

STORE_TEST_CASE(store, "what no store accepts is refused by every function that takes it, and nothing is done") {
    for (const auto& [name, says, call] : refusals()) {
        CAPTURE(name);
        CAPTURE(says);
        const auto refused = error_of([&] { call(*store); });
        CHECK(refused.kind == error_kind::invalid_argument);
        CHECK(refused.says(says));
    }
    CHECK(store->head().value == 0);
}

STORE_TEST_CASE(store, "a conflict says what happened, of an append and of a removal") {
    const stream_id stream{"account-1"};
    REQUIRE(store->append(stream, expected_version::any(), make_events(7)));
    const auto one = expected_version::exactly(version{1});
    CHECK(store->append(stream, one, make_events(1)).error().message() ==
          "stream 'account-1': expected version 1, but it is at 7");
    CHECK(store->delete_stream(stream, one).error().message() ==
          "stream 'account-1': expected version 1, but it is at 7");
    CHECK(store->truncate_stream(stream, version{2}, one).error().message() ==
          "stream 'account-1': expected version 1, but it is at 7");
    const auto beyond = store->truncate_stream(stream, version{9}).error();
    CHECK(beyond.message() ==
          "stream 'account-1' cannot be truncated before version 9: it ends at 7, so 8 is the highest");
    CHECK(beyond.reason == stele::conflict_reason::version);
    CHECK(beyond.expected == expected_version::stream_exists());
    REQUIRE(store->delete_stream(stream));
    const std::string deleted =
        "stream 'account-1' was deleted (expected version stream_exists); an append that expects no_stream starts it "
        "again";
    CHECK(store->delete_stream(stream).error().message() == deleted);
    CHECK(store->truncate_stream(stream, version{1}).error().message() == deleted);
    CHECK(store->append(stream, expected_version::stream_exists(), make_events(1)).error().message() == deleted);
}
