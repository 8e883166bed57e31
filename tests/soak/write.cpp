#include "soak/place.hpp"
#include "testing.pb.h"

#include <stele/codec/codec.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace soak {
namespace {

constexpr int threads = 16;
constexpr int counters = 40;
constexpr std::uint64_t longest_pause_ms = 150;

class writer {
public:
    writer(const place& here, stele::sqlite_store& store, int acknowledged, std::uint64_t seed)
        : here_(here), store_(store), acknowledged_(acknowledged), random_(seed) {}

    void run() {
        while (!here_.shared().is_over) {
            act();
            std::this_thread::sleep_for(std::chrono::milliseconds{random_() % longest_pause_ms});
        }
    }

private:
    void act() {
        const auto events = some_events();
        const stele::stream_id stream{"counter", std::to_string(random_() % counters)};
        switch (random_() % 8) {
            case 0: return remove_again(events);
            case 1: return note(events, store_.append_async(stream, stele::expected_version::any(), events).get());
            case 2: {
                const auto known = store_.stream_version(stream);
                return note(events, store_.append(stream, stele::expected_version::exactly(known), events));
            }
            case 3: {
                const stele::stream_write write{stream, stele::expected_version::any(), events};
                const stele::document_write last{"last", std::to_string(random_() % counters), stream.str()};
                const auto outcome = store_.append(std::span(&write, 1), std::span(&last, 1));
                if (outcome) note(events, outcome->front());
                return;
            }
            case 4: {
                const auto outcome = store_.append(stream, stele::expected_version::any(), events);
                note(events, outcome);
                const auto again = store_.append(stream, stele::expected_version::any(), events);
                if (outcome && (!again || !again->repeated || again->position != outcome->position))
                    here_.fail("a repeated append has another result");
                return;
            }
            default: return note(events, store_.append(stream, stele::expected_version::any(), events));
        }
    }

    std::vector<stele::event_data> some_events() {
        std::vector<stele::event_data> events;
        for (auto left = 1 + random_() % 5; left > 0; --left) {
            ::testing::Incremented event;
            event.set_by(static_cast<std::int64_t>(random_() % 1000));
            events.push_back(stele::encode(event));
        }
        return events;
    }

    // What is removed is not acknowledged, so that the check need not know which removals came through.
    void remove_again(const std::vector<stele::event_data>& events) {
        const stele::stream_id stream{"gone", stele::uuid::v7().str()};
        if (!store_.append(stream, stele::expected_version::no_stream(), events)) here_.fail("a new stream is not new");
        const bool removed = random_() % 2 == 0 ? store_.delete_stream(stream).has_value()
                                                : store_.truncate_stream(stream, {events.size() + 1}).has_value();
        if (!removed) here_.fail("a removal was refused");
    }

    void note(const std::vector<stele::event_data>& events, const stele::append_outcome& outcome) {
        if (!outcome) return;
        std::vector<acknowledgement> all(events.size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            std::memcpy(all[i].id, events[i].id.as_bytes().data(), sizeof all[i].id);
            all[i].position = outcome->position.value - (events.size() - 1 - i);
        }
        // One write to a file that was opened to append is whole or, after a kill, absent.
        (void)!::write(acknowledged_, all.data(), all.size() * sizeof(acknowledgement));
    }

    const place& here_;
    stele::sqlite_store& store_;
    int acknowledged_;
    std::mt19937_64 random_;
};

}  // namespace

void write(const place& here, std::uint64_t seed) {
    auto store = here.open(seed % 4 == 0 ? stele::durability::full : stele::durability::normal);
    const int acknowledged = ::open(here.acknowledged().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i)
        all.emplace_back([&, i] {
            try {
                writer(here, store, acknowledged, seed * threads + static_cast<std::uint64_t>(i)).run();
            } catch (const std::exception& fault) {
                here.fail(fmt::format("a writer: {}", fault.what()));
            }
        });
    all.clear();
    ::close(acknowledged);
}

}  // namespace soak
