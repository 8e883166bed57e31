#pragma once

#include <stele/codec/detail/event_table.hpp>
#include <stele/eventstore/event_batch.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

namespace stele::inline v0::detail {

/// The messages of a batch of events, all decoded before the first is handled: one thread can decode what another one
/// handles. Keeps the messages and parses the next batch into them. One thread at a time.
class decoded_batch {
public:
    /// The table must outlive it.
    explicit decoded_batch(const event_table& table) : table_(&table), messages_(table.size()) {}

    /// Decodes the events that the table has a function for. For an event that cannot be decoded handle() throws.
    void decode(const event_batch& events);

    /// Does what event_decoder::decode_if_known does with an event, which was at that index in the batch.
    [[nodiscard]] bool handle(std::size_t index, const recorded_event& event, void* context) const;

private:
    using message = google::protobuf::Message;

    struct decoded {
        event_handler handle = nullptr;  // none: the event is skipped
        const message* event = nullptr;
        std::exception_ptr failure;  // in place of the message
    };
    struct kept_messages {
        std::vector<std::unique_ptr<message>> all;
        std::size_t used = 0;
    };
    const message* parse(const recorded_event& event, std::size_t entry);

    const event_table* table_;
    std::vector<decoded> decoded_;         // one for each event
    std::vector<kept_messages> messages_;  // by table index
    std::vector<std::unique_ptr<message>> large_;
};

}  // namespace stele::inline v0::detail
