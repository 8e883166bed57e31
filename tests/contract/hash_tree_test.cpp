// The root of a store stands for its whole history, and whoever keeps one can check what the store says later.

#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/hashtree/proof.hpp>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

using stele::expected_version;
using stele::leaf_hash;
using stele::position;
using stele::stream_id;
using stele::tree_hash;
using stele::tree_root;
using stele::verify_consistency;
using stele::verify_inclusion;
using stele::version;
using testing::error_of;

namespace {

// So many events, in appends of different sizes to three streams.
void append_some(stele::event_store& store, std::size_t count, const std::string& category = "order") {
    std::mt19937 random(7);
    for (std::size_t done = 0; done < count;) {
        const auto next = std::min<std::size_t>(count - done, 1 + random() % 20);
        const stream_id stream(category, std::to_string(random() % 3));
        REQUIRE(store.append(stream, expected_version::any(), make_events(next)));
        done += next;
    }
}

// The leaves of the events that are stored, by position.
std::vector<tree_hash> leaves_of(stele::event_store& store) {
    std::vector<tree_hash> leaves(store.head().value);
    for (const auto& event : store.read_all().events()) leaves[event.position.value - 1] = leaf_hash(event);
    return leaves;
}

// Whether the store proves each of these leaves at this size, to somebody who has only the root.
bool proves(stele::event_store& store, const std::vector<tree_hash>& leaves, position size) {
    const auto root = store.root(size);
    for (std::uint64_t event = 1; event <= std::min<std::uint64_t>(leaves.size(), size.value); ++event)
        if (!verify_inclusion(leaves[event - 1], store.prove_inclusion({event}, size), root)) return false;
    return true;
}

}  // namespace

STORE_TEST_CASE(store, "the root of a store without events is that of nothing") {
    CHECK(store->root() == tree_root::of_nothing());
    CHECK(store->root({0}) == tree_root::of_nothing());
    CHECK(store->prove_consistency({0}, {0}).hashes.empty());
}

STORE_TEST_CASE(store, "every event that is read is proven in the tree of every size") {
    append_some(*store, 300);
    const auto leaves = leaves_of(*store);
    for (const std::uint64_t size : {1UL, 2UL, 3UL, 100UL, 255UL, 256UL, 257UL, 300UL})
        CHECK(proves(*store, leaves, {size}));
    CHECK(store->root() == store->root({300}));
}

STORE_TEST_CASE(store, "a later history is proven to continue every earlier one") {
    std::vector<tree_root> kept{store->root()};
    for (int i = 0; i < 30; ++i) {
        append_some(*store, 1 + static_cast<std::size_t>(i));
        kept.push_back(store->root());
        if (i % 7 == 0) store.reopen();
    }
    for (const auto& later : kept)
        for (const auto& earlier : kept) {
            if (earlier.size > later.size) continue;
            REQUIRE(store->root(earlier.size) == earlier);
            REQUIRE(verify_consistency(store->prove_consistency(earlier.size, later.size), earlier, later));
        }
}

STORE_TEST_CASE(store, "removed events stay proven, and what was removed leaves the roots as they were") {
    append_some(*store, 270);
    auto leaves = leaves_of(*store);
    const auto before = store->root();
    REQUIRE(store->truncate_stream(stream_id("order-0"), version{20}));
    REQUIRE(store->delete_stream(stream_id("order-1")));
    REQUIRE(store->tombstone_stream(stream_id("order-2")));
    CHECK(store->root({270}) == before);
    store.reopen();
    const auto after = store->root();
    CHECK(after.size.value == 273);
    CHECK(proves(*store, leaves, {273}));
    CHECK(verify_consistency(store->prove_consistency({270}, {273}), before, after));
    append_some(*store, 300, "later");  // the tile of the removed events is full now
    CHECK(store->root({273}) == after);
    CHECK(proves(*store, leaves, {573}));
}

STORE_TEST_CASE(store, "an append that writes nothing leaves the root as it is") {
    const stream_id order("order-1");
    const auto events = make_events(3);
    REQUIRE(store->append(order, expected_version::no_stream(), events));
    const auto root = store->root();
    REQUIRE(store->append(order, expected_version::no_stream(), events)->repeated);
    REQUIRE_FALSE(store->append(order, expected_version::no_stream(), make_events(1)));
    CHECK(store->root() == root);
}

STORE_TEST_CASE(store, "a size or a position that there is not is refused, and what there is is said") {
    append_some(*store, 5);
    const auto refusal_of = [&](auto call) {
        const auto refused = error_of([&] { (void)call(*store); });
        CHECK(refused.kind == stele::error_kind::invalid_argument);
        return refused.message;
    };
    CHECK(refusal_of([](auto& s) { return s.root({6}); }) ==
          "root: there is no tree of size 6 yet, the last event is at position 5; name a size from 0 to 5");
    CHECK(refusal_of([](auto& s) { return s.prove_inclusion({2}, {6}); }) ==
          "prove_inclusion: there is no tree of size 6 yet, the last event is at position 5; name a size from 0 to 5");
    CHECK(refusal_of([](auto& s) { return s.prove_inclusion({0}, {5}); }) ==
          "prove_inclusion: a tree of size 5 has no event at position 0; name a position from 1 to 5");
    CHECK(refusal_of([](auto& s) { return s.prove_inclusion({4}, {3}); }) ==
          "prove_inclusion: a tree of size 3 has no event at position 4; name a position from 1 to 3");
    CHECK(refusal_of([](auto& s) { return s.prove_inclusion({1}, {0}); }) ==
          "prove_inclusion: a tree of size 0 has no event at position 1; name a size of at least 1");
    CHECK(refusal_of([](auto& s) { return s.prove_consistency({3}, {6}); }) ==
          "prove_consistency: there is no tree of size 6 yet, the last event is at position 5; name a size from 0 to "
          "5");
    CHECK(refusal_of([](auto& s) { return s.prove_consistency({4}, {3}); }) ==
          "prove_consistency: a tree of size 3 cannot continue one of size 4; name an old size from 0 to 3");
    CHECK_NOTHROW((void)store->root(store->head()));
}

TEST_CASE("a store without a hash tree says so") {
    stele::memory_store behind;
    testing::spy_store store{behind};
    store.keeps_tree = false;
    append_some(store, 2);
    for (const auto& call : std::vector<std::function<void(stele::event_store&)>>{
             [](auto& s) { (void)s.root(); }, [](auto& s) { (void)s.root({1}); },
             [](auto& s) { (void)s.prove_inclusion({1}, {2}); },
             [](auto& s) { (void)s.prove_consistency({1}, {2}); }}) {
        const auto refused = error_of([&] { call(store); });
        CHECK(refused.kind == stele::error_kind::invalid_argument);
        CHECK(refused.says("keeps no hash tree"));
    }
}
