#pragma once

#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <expected>
#include <span>
#include <vector>

namespace stele::inline v0 {

/// Events for one stream, as part of an append that may write to several.
struct stream_write {
    /// The stream to append to.
    stream_id stream;
    /// The version that it must be at.
    expected_version expected;
    /// Must stay valid until the append returns.
    std::span<const event_data> events;
};

/// Where an accepted append ended: the version and position of its last event.
struct append_result : stream_position {
    /// An earlier, equal append stored the events (the append is idempotent); nothing was written now.
    bool repeated = false;
};

/// What an append to one stream returns.
using append_outcome = std::expected<append_result, conflict>;
/// What an append to several streams returns: one result for each write, in their order.
using append_all_outcome = std::expected<std::vector<append_result>, conflict>;

}  // namespace stele::inline v0
