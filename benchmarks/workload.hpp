#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_store.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bench {

/// The types of the events, by turns: the event after version n of its stream has the type n modulo 4.
inline constexpr std::array<const char*, 4> event_types = {"bank.AccountOpened", "bank.MoneyDeposited",
                                                           "bank.MoneyWithdrawn", "bank.InterestPaid"};

/// The stream with a number, "account-000042".
stele::stream_id stream_of(std::size_t number);

/// What one append stores.
struct batch {
    std::size_t number;  ///< Of the stream.
    stele::stream_id stream;
    stele::version after;  ///< The stream's version before.
    std::vector<stele::event_data> events;
};

/// Makes the data to be stored: events with 60 to 140 bytes of payload and the metadata that a command bus gives them.
///
/// Made with a fixed seed, so that both sides of a comparison get the same streams, versions and bytes when each has a
/// workload of its own; only the ids of the events differ.
class workload {
public:
    explicit workload(std::size_t streams);

    [[nodiscard]] std::size_t streams() const { return versions_.size(); }

    /// Batches for streams chosen at random.
    std::vector<batch> batches(std::size_t count, std::size_t events_each);
    /// A batch for the stream with the number.
    batch next_of(std::size_t number, std::size_t events);
    /// Streams chosen at random, to be read.
    std::vector<stele::stream_id> random_streams(std::size_t count);

private:
    std::size_t random_number() { return random_() % versions_.size(); }
    stele::event_data make_event(std::uint64_t version);

    std::mt19937_64 random_{42};
    std::vector<stele::version> versions_;  // by number of the stream
};

/// Appends the batch with the version it expects; throws std::runtime_error if that is a conflict.
void append(stele::event_store& store, const batch& what);

/// A sum over everything that was read: it makes both sides touch every byte, and shows that they have read the same.
struct digest {
    std::uint64_t events = 0;
    std::uint64_t sum = 0;

    void add(const stele::recorded_event& event) {
        ++events;
        sum += event.position.value ^ event.version.value;
        sum += static_cast<std::uint64_t>(event.recorded_at.time_since_epoch().count());
        for (const auto byte : event.id.bytes) sum += byte;
        for (const auto text : {event.stream, event.type, event.payload, event.metadata})
            for (const char byte : text) sum += static_cast<unsigned char>(byte);
    }
    friend bool operator==(const digest&, const digest&) = default;
};

}  // namespace bench
