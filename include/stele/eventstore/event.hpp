#pragma once

#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// A time in UTC, in microseconds since 1970.
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// An event that is to be appended: bytes with a type name. The codec (codec.hpp) makes it from a Protobuf message.
struct event_data {
    /// Identifies the event for ever; a repeated append is recognised by it (see event_store.hpp).
    uuid id = uuid::v7();
    /// The full name of the message, for example "bank.MoneyDeposited". Same rules as a stream name, no '-' needed.
    std::string type = {};
    /// Any bytes, also none.
    std::string payload = {};
    /// What encode(metadata) returned, or nothing.
    std::string metadata = {};
};

/// An event as the store keeps it. The texts and bytes belong to the event_batch it was read from, and live as long.
struct recorded_event {
    stele::position position;
    stele::version version;
    /// When the store took it. Never earlier than that of any event before it, even if the clock was set back.
    timestamp recorded_at;
    uuid id;
    std::string_view stream;
    std::string_view type;
    std::string_view payload;
    std::string_view metadata;
};

/// Some events in the order they were read, together with the bytes they refer to. Not for several threads at once.
class event_batch {
public:
    [[nodiscard]] auto begin() const noexcept { return events_.begin(); }
    [[nodiscard]] auto end() const noexcept { return events_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    [[nodiscard]] const recorded_event& operator[](std::size_t i) const { return events_[i]; }
    [[nodiscard]] const recorded_event& front() const { return events_.front(); }
    [[nodiscard]] const recorded_event& back() const { return events_.back(); }

    /// How many bytes of text and payload the events hold together.
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

    /// For stores: copies the texts and bytes that `event` refers to and adds it at the end.
    void add(const recorded_event& event);
    /// For stores: forgets the events and keeps the memory for the next ones.
    void clear() noexcept;

private:
    // Chunks never move, so the views stay good while the batch grows.
    struct chunk {
        std::unique_ptr<char[]> data;
        std::size_t size = 0;
    };
    char* allocate(std::size_t size);

    std::vector<recorded_event> events_;
    std::vector<chunk> chunks_;
    std::size_t chunk_ = 0;  // the chunk in use
    std::size_t used_ = 0;   // bytes of it that are taken
    std::size_t size_bytes_ = 0;
};

}  // namespace stele::inline v0
