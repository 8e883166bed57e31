// A batch that is used again and again keeps memory for its largest content, whatever the order of sizes.

#include "support/stores.hpp"

#include <malloc.h>
#include <rapidcheck.h>

namespace {

constexpr std::size_t mib = 1UL << 20;

std::size_t allocated() {
    const auto now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
}

// Sanitizers bring an allocator of their own, which this cannot look into.
bool can_measure() {
    const auto before = allocated();
    const std::string large(8 * mib, 'x');
    return allocated() - before >= 8 * mib && large.back() == 'x';
}

void add(stele::event_batch& batch, const std::string& bytes, std::size_t size) {
    stele::recorded_event event;
    event.payload = std::string_view(bytes).substr(0, size);
    batch.add(event);
}

}  // namespace

TEST_CASE("the memory of a batch is bounded by twice its largest content") {
    if (!can_measure()) return;
    REQUIRE(rc::check("sizes", [] {
        const std::string bytes(mib, 'x');
        const auto before = allocated();
        stele::event_batch batch;
        std::size_t largest = 0;
        const auto rounds = *rc::gen::inRange(1, 60);
        for (int round = 0; round < rounds; ++round) {
            batch.clear();
            // Small events, then a large one: what comes where differs from batch to batch.
            const auto small = *rc::gen::inRange<std::size_t>(0, 40);
            const auto size = *rc::gen::inRange<std::size_t>(1, 64UL << 10);
            for (std::size_t i = 0; i < small; ++i) add(batch, bytes, size);
            add(batch, bytes, *rc::gen::inRange<std::size_t>(1, mib));
            largest = std::max(largest, batch.size_bytes());
            RC_ASSERT(allocated() - before <= 2 * largest + 256UL * 1024);
        }
    }));
}

TEST_CASE("falling positions of one large event do not leave a large piece at each") {
    if (!can_measure()) return;
    const std::string bytes(4 * mib, 'x');
    const auto before = allocated();
    stele::event_batch batch;
    for (std::size_t small = 60; small > 0; --small) {
        batch.clear();
        for (std::size_t i = 0; i < small; ++i) add(batch, bytes, 64UL << 10);
        add(batch, bytes, 4 * mib);
        CHECK(allocated() - before <= 2 * (8 * mib));
    }
}

STORE_TEST_CASE(store, "reading events that become larger and larger takes memory for a batch") {
    if (!can_measure()) return;
    for (std::size_t i = 0; i < 15; ++i)
        REQUIRE(store->append(stele::stream_id{"a-1"}, stele::expected_version::any(),
                              make_event("test.Large", std::string(mib + i * 128 * 1024, 'x'))));
    const auto before = allocated();
    std::size_t most = 0;
    for (const auto& batch : store->read_all()) {
        CHECK(!batch.empty());
        most = std::max(most, allocated() - before);
    }
    CHECK(most <= 2 * (4 * mib + 3 * mib) + 4 * mib);  // and what SQLite needs for a row and its cache
}
