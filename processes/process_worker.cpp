#include "processes/process_worker.hpp"

#include "processes/batch/process_batch.hpp"
#include "stele_process.pb.h"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/checkpoint.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr const char* checkpoint_kind = "process";

/// After this many events that are none of its own a process writes its checkpoint, so that it need not read them again
/// after a restart.
constexpr std::uint64_t checkpoint_distance = 1000;

event_query filter_of(const event_table& events) {
    event_query filter;
    for (std::size_t i = 0; i < events.size(); ++i)
        if (events[i].handle != nullptr) filter.types.emplace_back(events[i].type);
    return filter;
}

dead_letter letter_of(const recorded_event& event, std::string_view instance) {
    return {.position = event.position,
            .stream = std::string{event.stream},
            .type = std::string{event.type},
            .key = std::string{instance}};
}

bool is_journal_fault(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const journal_fault&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

process_worker::process_worker(event_store& store, command_bus_base& bus, process_definition definition,
                               process_options options, const process_runner_options& settings)
    : store_(store),
      bus_(bus),
      definition_(std::move(definition)),
      filter_(filter_of(*definition_.events)),
      settings_(settings),
      oldest_deadline_(options.skip_deadlines_older_than),
      decoder_(*definition_.events),
      progress_(settings),
      removals_(store, definition_.name) {
    if (!resume()) begin(options);
    progress_.advance(saved_);
    report_if_other_store();
}

// Each run looks again and throws. Until the first one, nobody who waits is told that it has reached anything.
void process_worker::report_if_other_store() {
    try {
        expect_reached(store_.head());
    } catch (const error& fault) {
        if (fault.kind() != error_kind::other_store) throw;
        progress_.report(std::current_exception(), false);
    }
}

void process_worker::begin(const process_options& options) {
    const auto after = options.after;
    if (const auto head = store_.head(); after > head)
        throw error(error_kind::other_store,
                    fmt::format("process {}: it is to begin after position {}, and the store ends at {}; it is another "
                                "store, or was restored from a backup; open the right store, or begin at a position "
                                "that it has",
                                name(), after.value, head.value));
    if (const auto last = store_.last_event()) began_ = last->position, began_at_ = last->recorded_at;
    save(after);
}

bool process_worker::resume() {
    const auto who = fmt::format("process {}", name());
    const auto known = find_checkpoint<v1::ProcessCheckpoint>(store_, checkpoint_kind, name(), who);
    if (!known) return false;
    saved_ = {known->position()};
    if (known->has_began_at()) {
        began_ = {stored_number(known->began(), who + ": its checkpoint in the store")};
        began_at_ = timestamp{std::chrono::microseconds{known->began_at()}};
    }
    return true;
}

bool process_worker::run(deadline_round& round, const std::stop_token& stop, bool retries) {
    const std::lock_guard lock(run_mutex_);
    retries_ = retries;
    round_ = &round;
    progress_.begin({});
    if (!round.is_begun) round = {.is_begun = true, .now = settings_.now()};
    const bool any_event = handle_events(store_.head(), stop);
    return fire_next(stop) || any_event;
}

// Otherwise it would wait for the head to come there, and pass over what is appended until then.
void process_worker::expect_reached(stele::position head) const {
    if (const auto reached = progress_.position(); reached > head)
        throw error(
            error_kind::other_store,
            fmt::format("process {}: it has handled the events up to position {}, and the store ends at {}: its "
                        "stored position is of another store, or damaged; nothing was done; restore a backup of "
                        "this store",
                        name(), reached.value, head.value));
}

bool process_worker::handle_events(stele::position head, const std::stop_token& stop) {
    expect_reached(head);
    bool any = false;
    for (const event_batch& batch :
         store_.read_all({.after = progress_.position(), .up_to = head, .filter = filter_})) {
        for (std::size_t next = 0; next < batch.size();) {
            if (stop.stop_requested()) return any;
            if (const auto handled = handle_together(batch, next, stop, any); handled > 0) {
                next += handled;
                continue;
            }
            const recorded_event& event = batch[next++];
            progress_.begin(fmt::format("position {}", event.position));
            any = handle(event) || any;
            last_seen_ = event.position;
            progress_.advance(event.position);
            progress_.begin({});
        }
    }
    progress_.begin({});
    progress_.advance(head);
    if (head.value >= saved_.value + checkpoint_distance || (!retries_ && last_seen_ > saved_)) save(head);
    return any;
}

void process_worker::settle() {
    const std::lock_guard lock(run_mutex_);
    save_seen();
}

// What left no trace in a journal is known by the checkpoint alone. It must not be handled again in another state.
void process_worker::save_seen() {
    if (last_seen_ > saved_) save(last_seen_);
}

bool process_worker::handle(const recorded_event& event) {
    process_visit visit;
    std::vector<delivery> deliveries;
    try {
        decoder_.decode(event, &visit);
        deliveries = deliveries_of(visit.instances);
    } catch (...) {
        if (batch_ != nullptr) throw;
        if (!may_put_aside()) throw_failed_at(fmt::format("process {}", name()), event);
        put_aside(letter_of(event, {}), {checkpoint(event.position)});
        saved_ = event.position;
        return true;
    }
    bool is_handled = false;
    for (const auto& to : deliveries) {
        const bool writes_checkpoint = batch_ == nullptr && &to == &deliveries.back();
        const bool is_taken =
            handle(event, to, writes_checkpoint ? documents{checkpoint(event.position)} : documents{});
        if (writes_checkpoint && is_taken) saved_ = event.position;
        is_handled = is_handled || is_taken;
    }
    if (batch_ != nullptr) return is_handled;
    if (is_handled && saved_ < event.position) save(event.position);  // the last instance has passed it over
    progress_.count(is_handled);
    return is_handled;
}

std::vector<process_worker::delivery> process_worker::deliveries_of(
    const std::vector<located_instance>& instances) const {
    std::vector<delivery> all;
    for (const auto& [instance, may_start] : instances) all.push_back({{definition_.name, instance}, may_start});
    return all;
}

bool process_worker::handle(const recorded_event& event, const delivery& to, const documents& with) {
    const auto& journal = to.journal;
    if (batch_ != nullptr && !has_letters_) return deliver(event, to, with, false);
    auto letter = letter_of(event, journal.instance_id());
    removals_.read();
    if (has_dead_letter(store_, name(), letter.key, removals_.of(letter.key).deleted, event.position.next())) {
        if (batch_ != nullptr) throw not_in_batch{};
        auto queued = with;
        // After a crash it may have been put aside already, with its error.
        letter.error = "queued behind an earlier event of the same instance";
        if (!is_dead_letter(store_, name(), letter)) queued.push_back(put_dead_letter(store_, name(), letter));
        if (!queued.empty()) write_documents(store_, queued);
        return true;
    }
    try {
        return deliver(event, to, with, false);
    } catch (...) {
        if (batch_ != nullptr) throw;
        if (!may_put_aside())
            throw_failed_at(fmt::format("process {} (instance {})", name(), journal.instance_id()), event);
        put_aside(std::move(letter), with);
        return true;
    }
}

bool process_worker::may_put_aside() const {
    if (definition_.on_fault == on_fault::stop || (retries_ && !progress_.is_last_attempt())) return false;
    const auto failure = std::current_exception();
    return definition_.on_fault ? is_of_the_event(failure) : is_refused(failure) && !is_journal_fault(failure);
}

void process_worker::put_aside(dead_letter letter, documents with) {
    letter.attempts = progress_.attempt();
    letter.error = message_of(std::current_exception());
    with.push_back(put_dead_letter(store_, name(), letter));
    write_documents(store_, with);
    progress_.note_error(fmt::format(
        "process {} has a dead letter, position {} ({} in {}) of {}: {}", name(), letter.position, letter.type,
        letter.stream, letter.key.empty() ? "an unknown instance" : "the instance " + letter.key, letter.error));
    progress_.succeed();
}

document_write process_worker::checkpoint(stele::position reached) const {
    v1::ProcessCheckpoint checkpoint;
    checkpoint.set_position(reached.value);
    if (began_at_) {
        checkpoint.set_began(began_.value);
        checkpoint.set_began_at(began_at_->time_since_epoch().count());
    }
    return {checkpoint_kind, std::string{name()}, checkpoint.SerializeAsString()};
}

void process_worker::save(stele::position reached) {
    const std::vector writes{checkpoint(reached)};
    write_documents(store_, writes);
    saved_ = reached;
}

}  // namespace stele::inline v0::detail
