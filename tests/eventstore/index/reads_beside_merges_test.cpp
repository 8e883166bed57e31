// Readers in other threads while a writer merges all the time: whatever was acknowledged before a read began is in it,
// and a stream is read without a gap.

#include "support/stores.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using stele::stream_id;

namespace {

constexpr std::size_t stream_count = 200;
constexpr std::size_t appends = 6000;

std::string name_of(std::size_t number) {
    return fmt::format("order-{:03}", number);
}

/// What a writer was told, and what readers have found wrong.
class notes {
public:
    void acknowledge(std::size_t stream, std::uint64_t version) { versions_[stream] = version; }
    [[nodiscard]] std::uint64_t of(std::size_t stream) const { return versions_[stream]; }
    [[nodiscard]] std::vector<std::uint64_t> all() const { return {versions_.begin(), versions_.end()}; }

    void expect(bool holds, const std::function<std::string()>& what) {
        if (holds) return;
        const std::scoped_lock lock(mutex_);
        if (problem_.empty()) problem_ = what();
    }
    [[nodiscard]] std::string problem() const {
        const std::scoped_lock lock(mutex_);
        return problem_;
    }
    std::atomic<bool> done = false;

private:
    std::array<std::atomic<std::uint64_t>, stream_count> versions_{};
    mutable std::mutex mutex_;
    std::string problem_;
};

void list_all(stele::event_store& store, notes& known) {
    while (!known.done && known.problem().empty()) {
        const auto before = known.all();
        const auto listed = store.list_streams();
        for (std::size_t i = 0; i < listed.size(); ++i) {
            const auto number = std::stoul(listed[i].stream.substr(6));
            known.expect(listed[i].version.value >= before[number], [&] {
                return fmt::format("{} is listed at {}, but was at {} before", listed[i].stream,
                                   listed[i].version.value, before[number]);
            });
        }
    }
}

void read_one_by_one(stele::event_store& store, notes& known) {
    for (std::size_t i = 0; !known.done && known.problem().empty(); i = (i + 7) % stream_count) {
        const auto before = known.of(i);
        std::uint64_t version = 0;
        for (const auto& event : store.read_stream(stream_id{name_of(i)}).events())
            known.expect(event.version.value == ++version,
                         [&] { return fmt::format("{} has a gap before {}", name_of(i), event.version.value); });
        known.expect(version >= before, [&] {
            return fmt::format("{} is read up to {}, but was at {} before", name_of(i), version, before);
        });
        const auto now = store.stream_version(stream_id{name_of(i)}).value;
        known.expect(now >= version, [&] { return fmt::format("{} falls back to {}", name_of(i), now); });
    }
}

void append_all(stele::event_store& store, notes& known) {
    for (std::size_t n = 0; n < appends && known.problem().empty(); ++n) {
        const auto i = n * 37 % stream_count;
        const auto stored = store.append(stream_id{name_of(i)}, stele::expected_version::any(), make_event());
        known.expect(stored.has_value(), [] { return std::string("an append met a conflict"); });
        if (stored) known.acknowledge(i, stored->version.value);
    }
    known.done = true;
}

}  // namespace

TEST_CASE("reads beside merges miss nothing that was there before") {
    std::size_t merge_events = 0;
    SUBCASE("merges of 1") {
        merge_events = 1;
    }
    SUBCASE("merges of 100") {
        merge_events = 100;
    }
    const temp_dir directory;
    const auto options = with_merges(stele::sqlite_options{.durability = stele::durability::normal}, merge_events);
    auto store = stele::sqlite_store::open(directory / "events.db", options);
    // As another process would.
    auto other = stele::sqlite_store::open(directory / "events.db", options);
    notes known;
    {
        const std::jthread lists([&] { list_all(store, known); });
        const std::jthread reads([&] { read_one_by_one(store, known); });
        const std::jthread elsewhere([&] { list_all(other, known); });
        append_all(store, known);
    }
    CHECK(known.problem() == "");
}
