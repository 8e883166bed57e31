#include "processes/batch/process_batch.hpp"
#include "processes/process_worker.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/rejection.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

/// How a process handles many events in one append. Whatever stands in the way of a batch is left to handle(), which
/// handles one event: so all that can go wrong is told, retried and put aside there.
namespace stele::inline v0::detail {
namespace {

/// How often a batch is run: again without the event that cannot be part of it, and again after a conflict.
constexpr unsigned most_runs = 3;

}  // namespace

std::size_t process_worker::handle_together(const event_batch& events, std::size_t first, const std::stop_token& stop,
                                            bool& any) {
    if (events[first].position <= alone_until_) return 0;
    process_batch batch{bus_};
    if (!batch.is_possible(store_)) return 0;
    auto most = std::min(events.size() - first, settings_.events_per_batch);
    for (unsigned run = 0; run < most_runs; ++run) {
        const auto done = collect(batch, events, first, most, stop);
        if (done.has_failed) {
            const auto failed = events[first + done.count].position;
            if (done.is_alone || done.count == 0) alone_until_ = std::max(alone_until_, failed);
            most = done.count;
            if (most == 0) return 0;
            continue;
        }
        most = done.count;
        const auto outcome = finish(batch, events[first], events[first + most - 1].position);
        if (outcome == batch_outcome::failed) break;
        if (outcome == batch_outcome::conflict) {
            most = std::max<std::size_t>(1, most / 8);  // fewer streams, and sooner
            continue;
        }
        for (std::size_t i = 0; i < most; ++i) progress_.count(i < done.handled);
        any = any || done.handled > 0;
        return most;
    }
    alone_until_ = std::max(alone_until_, events[first + most - 1].position);
    return 0;
}

process_worker::collected process_worker::collect(process_batch& batch, const event_batch& events, std::size_t first,
                                                  std::size_t most, const std::stop_token& stop) {
    collected result;
    batch.begin();
    batch_ = &batch;
    try {
        has_letters_ = has_dead_letters(store_, name());
        while (result.count < most) {
            if (result.count > 0 && (stop.stop_requested() || batch.is_full())) break;
            if (handle(events[first + result.count])) ++result.handled;
            ++result.count;
        }
    } catch (const not_in_batch& why) {
        result.has_failed = true;
        result.is_alone = !why.may_begin_one;
    } catch (...) {
        result.has_failed = result.is_alone = true;
    }
    batch_ = nullptr;
    return result;
}

process_worker::batch_outcome process_worker::finish(process_batch& batch, const recorded_event& first,
                                                     stele::position reached) {
    progress_.begin(fmt::format("position {}", first.position));
    try {
        if (batch.has_writes()) {
            if (!batch.commit(checkpoint(reached))) return batch_outcome::conflict;
            saved_ = reached;
        }
    } catch (const append_rejected&) {
        return batch_outcome::failed;
    } catch (...) {
        if (is_refused(std::current_exception())) return batch_outcome::failed;  // too large, for example
        throw_failed_at(fmt::format("process {}", name()), first);
    }
    progress_.begin({});
    if (round_ != nullptr)
        for (const auto& deadline : batch.set_deadlines()) round_->set(name(), deadline);
    for (auto& [journal, instance] : batch.take_all()) keep_instance(journal, std::move(instance));
    last_seen_ = reached;
    progress_.advance(reached);
    return batch_outcome::written;
}

}  // namespace stele::inline v0::detail
