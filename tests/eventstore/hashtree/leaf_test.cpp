// The leaf of an event is what docs/file-format.md says: the hashes here were computed from that page, without this
// library.

#include "eventstore/hashtree/leaf.hpp"

#include "eventstore/hashtree/sha256.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

using stele::event_content;
using stele::leaf_hash;
using stele::owned_event;
using stele::detail::hash_of;

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

owned_event order_placed() {
    owned_event event;
    event.position = {1};
    event.version = {1};
    event.recorded_at = stele::timestamp{1'700'000'000s};
    event.id = *stele::uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057");
    event.stream = "order-7";
    event.type = "shop.OrderPlaced";
    event.payload = "\x0a\x04lamp\x10\x05";
    event.metadata =
        "\x1a\x03"
        "ann";
    return event;
}

}  // namespace

TEST_CASE("SHA-256 gives what its standard says") {
    CHECK(hash_of("").str() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hash_of("abc").str() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").str() ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash_of(std::string(1'000'000, 'a')).str() ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(stele::detail::sha256{}.add("a").add("").add("bc").finish() == hash_of("abc"));
    CHECK(stele::detail::sha256{}.add_number(0x616263, 3).finish() == hash_of("abc"));
    CHECK(stele::detail::sha256{}.add_number(1, 8).finish() == hash_of("\0\0\0\0\0\0\0\1"s));
}

TEST_CASE("the leaves in the documentation are those of the events there") {
    auto event = order_placed();
    CHECK(leaf_hash(event.view()).str() == "58726efa9813c47787dd0a9d7027da4aed5b9d061e6c6bc27989998325cfef3e");
    event.tags = {"order:7", "item:lamp"};
    CHECK(leaf_hash(event.view()).str() == "20e16d337f32675b428b03b39fcf372c465d81c958a3bf1c1f52430422ae324f");

    auto shipped = order_placed();
    shipped.position = {2};
    shipped.version = {2};
    shipped.recorded_at = stele::timestamp{-1us};
    shipped.type = "OrderShipped";
    shipped.payload = R"({"to":"Kiel"})";
    shipped.metadata = R"({"by":"ann"})";
    shipped.content = event_content::json;
    shipped.foreign_metadata = true;
    CHECK(leaf_hash(shipped.view()).str() == "9b850588400446e472b656790251bee8acb95cbf49436572188b703bdf5dad44");

    auto least = order_placed();
    least.position = {3};
    least.stream = "s";
    least.type = "t";
    least.payload = least.metadata = "";
    least.content = event_content::octets;
    CHECK(leaf_hash(least.view()).str() == "e955fa9bdb3c947ac8bb538f9ca85116184388e360f53b4764aa41265f8d4932");

    CHECK(stele::detail::leaf_of_unknown({7}).str() ==
          "7a8d2e8687ac62c349b20856e1667796d2139e9907bf25c3746511bdbaed19c6");
}

TEST_CASE("nothing can be changed in an event, or moved from one part of it to another, without another leaf") {
    const std::vector<std::function<void(owned_event&)>> changes{
        [](auto&) {},
        [](auto& e) { e.position = {2}; },
        [](auto& e) { e.version = {2}; },
        [](auto& e) { e.recorded_at += 1us; },
        [](auto& e) { e.id.bytes[15] ^= 1; },
        [](auto& e) { e.stream = "order-8"; },
        [](auto& e) { e.type = "shop.OrderLost"; },
        [](auto& e) { e.payload += '\0'; },
        [](auto& e) { e.metadata = ""; },
        [](auto& e) { e.content = event_content::json; },
        [](auto& e) { e.content = event_content::octets; },
        [](auto& e) { e.foreign_metadata = true; },
        [](auto& e) { e.stream += e.type, e.type = ""; },
        [](auto& e) { e.stream = "order-7shop.", e.type = "OrderPlaced"; },
        [](auto& e) { std::swap(e.payload, e.metadata); },
        [](auto& e) { e.metadata += e.payload, e.payload = ""; }};
    std::set<stele::tree_hash> leaves;
    for (const auto& change : changes) {
        auto event = order_placed();
        change(event);
        leaves.insert(leaf_hash(event.view()));
    }
    auto event = order_placed();
    const std::vector<stele::tag_list> tag_lists{{"a:b"}, {"a:b", "c:d"}, {"a:bc:d"}, {"a:b", "bc:d"}, {"b:a"}};
    for (const auto& tags : tag_lists) {
        event.tags = tags;
        leaves.insert(leaf_hash(event.view()));
    }
    CHECK(leaves.size() == changes.size() + tag_lists.size());
}

TEST_CASE("tags are a set: their order is not a part of the leaf") {
    auto one = order_placed();
    auto other = order_placed();
    one.tags = {"b:2", "a:1", "c:3"};
    other.tags = {"c:3", "b:2", "a:1"};
    CHECK(leaf_hash(one.view()) == leaf_hash(other.view()));
}
