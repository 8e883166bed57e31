#pragma once

#include <stele/eventstore/event.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// Events in the order they were read, with the bytes they refer to. Movable; its events stay valid when it moves.
/// One thread at a time.
class event_batch {
public:
    [[nodiscard]] auto begin() const& noexcept { return events_.begin(); }
    void begin() const&& = delete;
    [[nodiscard]] auto end() const& noexcept { return events_.end(); }
    void end() const&& = delete;
    /// How many events it holds.
    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    /// Whether it holds no event.
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    [[nodiscard]] const recorded_event& operator[](std::size_t i) const& { return events_[i]; }
    void operator[](std::size_t i) const&& = delete;
    /// The first event; the batch must not be empty.
    [[nodiscard]] const recorded_event& front() const& { return events_.front(); }
    void front() const&& = delete;
    /// The last event; the batch must not be empty.
    [[nodiscard]] const recorded_event& back() const& { return events_.back(); }
    void back() const&& = delete;

    /// The bytes of text and payload that the events hold together.
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

    /// For stores: copies the texts and bytes that `event` refers to and adds it at the end.
    void add(const recorded_event& event);
    /// For stores: removes the events and keeps the memory, at most twice the largest batch so far, for the next ones.
    void clear() noexcept;

private:
    // Chunks never move, so the views stay valid while the batch grows.
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
