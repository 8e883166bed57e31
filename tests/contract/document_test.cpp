// Documents: values beside the events, written with them or alone.

#include "support/stores.hpp"

#include <string_view>

using action = stele::document_action;
using stele::document_write;
using stele::expected_version;
using stele::stream_id;

namespace {

std::string line_of(const stele::document& found) {
    return found.key + "=" + found.value + "@" + std::to_string(found.position.value);
}

std::string find(stele::event_store& store, std::string_view kind, std::string_view key) {
    const auto found = store.find_document(kind, key);
    return found ? line_of(*found) : "none";
}

std::vector<std::string> list(stele::event_store& store, std::string_view kind,
                              const stele::document_read_options& options = {}) {
    std::vector<std::string> all;
    for (const auto& found : store.list_documents(kind, options)) all.push_back(line_of(found));
    return all;
}

auto write(stele::event_store& store, const std::vector<document_write>& documents) {
    return store.append({}, documents);
}

auto append_with(stele::event_store& store, const stream_id& stream, expected_version expected,
                 const std::vector<stele::event_data>& events, const std::vector<document_write>& documents) {
    const stele::stream_write one{stream, expected, events};
    return store.append(std::span(&one, 1), documents);
}

}  // namespace

STORE_TEST_CASE(store,
                "documents are put, replaced, removed and listed in the order of their keys, even after a restart") {
    CHECK(find(*store, "snapshot", "a") == "none");
    CHECK(list(*store, "snapshot").empty());
    const std::string odd_key("b\0\xff", 3);
    const std::string odd = odd_key + "=2@0";
    CHECK(write(*store, {{"snapshot", "b", "1"}, {"snapshot", "a", ""}, {"snapshot", odd_key, "2"}}));
    CHECK(write(*store, {{"snapshot", "b", "3"}, {"snapshot", "c", "4"}, {"receipt", "a", "other kind"}}));
    store.reopen();
    CHECK(find(*store, "snapshot", "b") == "b=3@0");
    CHECK(find(*store, "receipt", "a") == "a=other kind@0");
    CHECK(list(*store, "snapshot") == std::vector<std::string>{"a=@0", "b=3@0", odd, "c=4@0"});
    CHECK(list(*store, "snapshot", {.prefix = "b"}) == std::vector<std::string>{"b=3@0", odd});
    CHECK(list(*store, "snapshot", {.after = "b", .limit = 1}) == std::vector<std::string>{odd});
    CHECK(list(*store, "snapshot", {.prefix = "b", .after = "b"}) == std::vector<std::string>{odd});
    CHECK(write(*store, {{"snapshot", "b", {}, action::remove}, {"snapshot", "never there", {}, action::remove}}));
    CHECK(list(*store, "snapshot").size() == 3);
    CHECK(store->head().value == 0);
}

STORE_TEST_CASE(store, "events and documents are written all or none") {
    const stream_id stream{"account-1"};
    const auto events = make_events(2);
    CHECK(append_with(*store, stream, expected_version::no_stream(), events, {{"receipt", "1", "r", action::add}}));
    CHECK(find(*store, "receipt", "1") == "1=r@2");
    CHECK(store->position_at(store->find_document("receipt", "1")->written_at).value == 2);

    // A conflict of versions writes no document.
    CHECK_FALSE(append_with(*store, stream, expected_version::no_stream(), make_events(1), {{"receipt", "2", "r"}}));
    CHECK(find(*store, "receipt", "2") == "none");

    // An existing document undoes the events and the other documents …
    const stream_id other{"account-2"};
    const auto refused = append_with(*store, other, expected_version::any(), make_events(3),
                                     {{"receipt", "2", "r"}, {"receipt", "1", "x", action::add}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == stele::conflict_reason::document);
    CHECK(refused.error().message().find("document") != std::string::npos);
    CHECK(store->stream_version(other).value == 0);
    CHECK(find(*store, "receipt", "2") == "none");
    CHECK(find(*store, "receipt", "1") == "1=r@2");
    // … and leaves no trace: versions and positions have no gap.
    const auto after = append_with(*store, other, expected_version::no_stream(), make_events(1), {});
    REQUIRE(after);
    CHECK(after->front().version.value == 1);
    CHECK(after->front().position.value == 3);

    // A repeated append leaves the documents as they are.
    CHECK(write(*store, {{"receipt", "1", "changed since"}}));
    const auto again =
        append_with(*store, stream, expected_version::no_stream(), events, {{"receipt", "1", "r", action::add}});
    REQUIRE(again);
    CHECK(again->front().repeated);
    CHECK(find(*store, "receipt", "1") == "1=changed since@3");

    // After a removal a document can be added again.
    CHECK_FALSE(write(*store, {{"receipt", "1", "x", action::add}}));
    CHECK(write(*store, {{"receipt", "1", {}, action::remove}}));
    CHECK(write(*store, {{"receipt", "1", "x", action::add}}));
    CHECK(find(*store, "receipt", "1") == "1=x@3");
}

STORE_TEST_CASE(store, "an invalid document is refused with a message that names it") {
    const auto refusal = [&](const std::vector<document_write>& documents) -> std::string {
        try {
            static_cast<void>(write(*store, documents));
        } catch (const stele::error& e) {
            CHECK(e.kind() == stele::error_kind::invalid_argument);
            return e.what();
        }
        return "accepted";
    };
    CHECK(refusal({}).find("nothing to write") != std::string::npos);
    CHECK(refusal({{"", "key"}}).find("document kind") != std::string::npos);
    CHECK(refusal({{"kind", ""}}).find("the key has 0 bytes") != std::string::npos);
    CHECK(refusal({{"kind", std::string(1025, 'k')}}).find("1024") != std::string::npos);
    CHECK(refusal({{"kind", "key", std::string((16UL << 20) + 1, 'v')}}).find("the value has") != std::string::npos);
    CHECK(refusal({{"kind", "a"}, {"kind", "a"}}).find("twice") != std::string::npos);
    CHECK(write(*store, {{"kind", std::string(1024, 'k')}}));
}
