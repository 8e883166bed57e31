#include "projections/generations/batch_applier.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/removals.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

event_outcome outcome_of(bool applied) {
    return applied ? event_outcome::applied : event_outcome::ignored;
}

}  // namespace

std::string event_fault::reason() const {
    return message_of(cause);
}

bool event_fault::is_of_the_event() const {
    return detail::is_of_the_event(cause);
}

std::string event_fault::where(std::string_view projection, const std::filesystem::path& file) const {
    return fmt::format("projection {} ({}) failed at position {} (stream {}, version {}, type {})", projection,
                       file.string(), position.value, stream, version.value, type);
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
    if (result.fault)
        to.rollback();
    else
        last_attempts_.erase(last_attempts_.begin(), last_attempts_.upper_bound(now.checkpoint));
    return result;
}

event_outcome batch_applier::apply(generation& to, const recorded_event& event) {
    auto call = definition_.call(to.model());
    const bool applied = decoder_.decode_if_known(event, &call);
    to.expect_transaction();
    return outcome_of(applied);
}

event_outcome batch_applier::apply(generation& to, const event_chunk& chunk, std::size_t index) {
    const auto& event = chunk.events[index];
    if (chunk.messages == nullptr) return apply(to, event);
    auto call = definition_.call(to.model());
    const bool applied = chunk.messages->handle(chunk.first + index, event, &call);
    to.expect_transaction();
    return outcome_of(applied);
}

event_outcome batch_applier::apply_or_dead_letter(generation& to, const event_chunk& chunk, std::size_t index) {
    const auto& event = chunk.events[index];
    if (is_queued(to, event)) {
        dead_letter(to, event, 0, "queued behind an earlier event with the same key");
        return event_outcome::dead_lettered;
    }
    const auto last_attempt = last_attempts_.find(event.position);
    if (last_attempt == last_attempts_.end()) return apply(to, chunk, index);
    auto outcome = event_outcome::dead_lettered;
    to.savepoint();
    try {
        outcome = apply(to, chunk, index);
    } catch (...) {
        to.expect_transaction();
        to.rollback_to_savepoint();
        const event_fault fault{.cause = std::current_exception()};
        if (!fault.is_of_the_event()) throw;
        dead_letter(to, event, last_attempt->second + 1, fault.reason());
    }
    to.release_savepoint();
    return outcome;
}

// The stream if the projection cannot tell: the error of its handler must not get lost, nor other events wait.
std::string batch_applier::key_of(const recorded_event& event) const {
    try {
        return definition_.dead_letter_key(event);
    } catch (...) {
        if (!is_of_the_event(std::current_exception())) throw;
        return std::string{event.stream};
    }
}

// Whether an earlier event with the same key is a dead letter, and still in the store.
bool batch_applier::is_queued(generation& to, const recorded_event& event) const {
    if (to.dead_letters().empty()) return false;
    const auto entry = definition_.events->find(event);
    return entry && (*definition_.events)[*entry].handle != nullptr &&
           to.dead_letters().holds_up(key_of(event), [this](position letter) { return has_event(store_, letter); });
}

void batch_applier::dead_letter(generation& to, const recorded_event& event, std::uint64_t attempts,
                                std::string error) {
    to.dead_letters().add({.position = event.position,
                           .stream = std::string{event.stream},
                           .type = std::string{event.type},
                           .key = key_of(event),
                           .attempts = attempts,
                           .error = std::move(error)});
}

std::optional<event_fault> batch_applier::apply(generation& to, const event_chunk& chunk, progress& now) {
    for (std::size_t i = 0; i < chunk.events.size(); ++i) {
        const auto& event = chunk.events[i];
        try {
            now.pass(event, apply_or_dead_letter(to, chunk, i));
        } catch (...) {
            return event_fault{event.position, event.version, std::string{event.stream}, std::string{event.type},
                               std::current_exception()};
        }
    }
    now.skip_to(chunk.up_to, chunk.last);
    return {};
}

}  // namespace stele::inline v0::detail
