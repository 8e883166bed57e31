#include "projections/generations/batch_applier.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

std::string event_fault::why() const {
    return message_of(cause);
}

bool event_fault::is_of_the_event() const {
    const auto kind = kind_of(cause);
    return !kind || kind == error_kind::invalid_argument || kind == error_kind::undecodable;
}

std::string event_fault::message(std::string_view projection, const std::filesystem::path& file) const {
    return fmt::format("projection {} ({}) failed at position {} (stream {}, version {}, type {}): {}", projection,
                       file.string(), position.value, stream, version.value, type, why());
}

batch_result batch_applier::apply(generation& to, event_feed& feed, std::size_t limit) {
    batch_result result;
    progress now = to.progress();
    std::size_t left = limit;
    to.begin();
    try {
        while (left > 0 && !result.at_end && !result.fault) {
            if (const auto chunk = feed.next(left)) {
                result.fault = apply(to, *chunk, now);
                left -= chunk->events.size();
            } else {
                result.at_end = true;
            }
        }
        if (!result.fault) to.commit(now);
    } catch (...) {
        to.rollback();
        throw;
    }
    if (result.fault) to.rollback();
    return result;
}

bool batch_applier::apply(generation& to, const recorded_event& event) {
    const bool taken = decoder_.decode_if_known(event, &to.model());
    to.expect_transaction();
    return taken;
}

bool batch_applier::apply(generation& to, const event_chunk& chunk, std::size_t index) {
    const auto& event = chunk.events[index];
    if (chunk.messages == nullptr) return apply(to, event);
    const bool taken = chunk.messages->handle(chunk.first + index, event, &to.model());
    to.expect_transaction();
    return taken;
}

void batch_applier::apply_or_put_aside(generation& to, const event_chunk& chunk, std::size_t index, progress& now) {
    const auto& event = chunk.events[index];
    if (waits(to, event)) {
        put_aside(to, event, 0, "waits behind an earlier event with the same key");
        ++now.dead_lettered;
    } else if (event.position != aside_) {
        ++(apply(to, chunk, index) ? now.applied : now.ignored);
    } else {
        to.mark();
        try {
            ++(apply(to, chunk, index) ? now.applied : now.ignored);
        } catch (...) {
            to.expect_transaction();
            to.undo();
            const event_fault fault{.cause = std::current_exception()};
            if (!fault.is_of_the_event()) throw;
            put_aside(to, event, attempts_ + 1, fault.why());
            ++now.dead_lettered;
        }
        to.keep();
    }
}

// Whether a dead letter stands before the event.
bool batch_applier::waits(generation& to, const recorded_event& event) const {
    if (to.dead_letters().empty()) return false;
    const auto entry = definition_.events->find(event.type);
    return entry && (*definition_.events)[*entry].handle != nullptr &&
           to.dead_letters().holds_key(definition_.dead_letter_key(event));
}

void batch_applier::put_aside(generation& to, const recorded_event& event, std::uint64_t attempts, std::string error) {
    to.dead_letters().add({.position = event.position,
                           .stream = std::string{event.stream},
                           .type = std::string{event.type},
                           .key = definition_.dead_letter_key(event),
                           .attempts = attempts,
                           .error = std::move(error)});
}

std::optional<event_fault> batch_applier::apply(generation& to, const event_chunk& chunk, progress& now) {
    for (std::size_t i = 0; i < chunk.events.size(); ++i) {
        try {
            apply_or_put_aside(to, chunk, i, now);
        } catch (...) {
            const auto& event = chunk.events[i];
            return event_fault{event.position, event.version, std::string{event.stream}, std::string{event.type},
                               std::current_exception()};
        }
    }
    now.seen += chunk.events.size() + chunk.skipped;
    now.ignored += chunk.skipped;
    now.checkpoint = chunk.up_to;
    if (chunk.last != nullptr) {
        now.witness = chunk.last->position;
        now.witness_id = chunk.last->id;
        now.witness_recorded_at = chunk.last->recorded_at;
    }
    return {};
}

}  // namespace stele::inline v0::detail
