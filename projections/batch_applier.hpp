#pragma once

#include "projections/event_feed.hpp"
#include "projections/generation.hpp"

#include <stele/codec.hpp>
#include <stele/projection.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

namespace stele::detail {

/// An event that a projection could not take.
struct event_fault {
    stele::position position;
    stele::version version;
    std::string stream;
    std::string type;
    std::exception_ptr cause;

    /// One sentence for people, with projection, file, position, stream and type.
    [[nodiscard]] std::string message(std::string_view projection, const std::filesystem::path& file) const;
};

struct batch_result {
    bool at_end = false;               ///< The feed has no more events.
    std::optional<event_fault> fault;  ///< The batch was rolled back because of this event.
};

/// Calls the handlers of a projection. One thread at a time.
class batch_applier {
public:
    explicit batch_applier(const projection_definition& definition) : decoder_(*definition.events) {}

    /// Applies at most `limit` events of the feed in one transaction. Throws, rolled back, what is no event's fault.
    batch_result apply(generation& to, event_feed& feed, std::size_t limit);

private:
    std::optional<event_fault> apply(generation& to, const event_chunk& chunk, progress& now);

    event_decoder decoder_;
};

}  // namespace stele::detail
