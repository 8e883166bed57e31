#include "projections/batch_applier.hpp"

#include <fmt/format.h>

namespace stele::detail {

std::string event_fault::message(std::string_view projection, const std::filesystem::path& file) const {
    std::string why = "an exception that is not a std::exception";
    try {
        std::rethrow_exception(cause);
    } catch (const std::exception& failure) {
        why = failure.what();
    } catch (...) {
    }
    return fmt::format("projection {} ({}) failed at position {} (stream {}, version {}, type {}): {}", projection,
                       file.string(), position.value, stream, version.value, type, why);
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

std::optional<event_fault> batch_applier::apply(generation& to, const event_chunk& chunk, progress& now) {
    for (const auto& event : chunk.events) {
        try {
            const bool taken = decoder_.decode_if_known(event, &to.model());
            to.expect_transaction();
            ++(taken ? now.applied : now.ignored);
        } catch (...) {
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

}  // namespace stele::detail
