#include "processes/process_worker.hpp"

#include "processes/process_step.hpp"
#include "stele_process.pb.h"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/checkpoint.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr const char* checkpoint_kind = "process";

/// After this many events that are none of its own a process writes its checkpoint, so that it need not read them again
/// after a restart.
constexpr std::uint64_t checkpoint_distance = 1000;

event_filter filter_of(const event_table& events) {
    event_filter filter;
    for (std::size_t i = 0; i < events.size(); ++i)
        if (events[i].handle != nullptr) filter.types.emplace_back(events[i].type);
    return filter;
}

}  // namespace

process_worker::process_worker(event_store& store, command_bus_base& bus, process_definition definition,
                               process_options options, const process_runner_options& settings)
    : store_(store),
      bus_(bus),
      definition_(std::move(definition)),
      filter_(filter_of(*definition_.events)),
      now_(settings.now),
      cached_instances_(settings.cached_instances),
      decoder_(*definition_.events) {
    const auto known =
        find_checkpoint<v1::ProcessCheckpoint>(store_, checkpoint_kind, name(), fmt::format("process {}", name()));
    if (!known) save(options.after);
    saved_ = reached_ = known.value_or(options.after);
}

bool process_worker::run(const std::stop_token& stop) {
    const std::lock_guard lock(run_mutex_);
    const bool any_event = handle_events(store_.head(), stop);
    return handle_deadlines(stop) || any_event;
}

bool process_worker::handle_events(stele::position head, const std::stop_token& stop) {
    bool any = false;
    for (const event_batch& batch : store_.read_all({.after = position(), .up_to = head, .filter = filter_})) {
        for (const recorded_event& event : batch) {
            if (stop.stop_requested()) return any;
            try {
                any = handle(event) || any;
            } catch (...) {
                throw_failed_at(fmt::format("process {}", name()), event);
            }
            advance(event.position);
        }
    }
    if (head.value >= saved_.value + checkpoint_distance) save(head);
    advance(head);
    return any;
}

bool process_worker::handle_deadlines(const std::stop_token& stop) {
    bool any = false;
    while (!stop.stop_requested()) {
        const auto deadline = next_deadline(store_, name());
        if (!deadline || deadline->due > now_()) break;
        try {
            fire(*deadline);
        } catch (...) {
            throw_with(fmt::format("process {} failed at the deadline \"{}\" of the instance {}", name(),
                                   deadline->name, deadline->instance));
        }
        any = true;
    }
    return any;
}

bool process_worker::handle(const recorded_event& event) {
    process_visit visit;
    decoder_.decode(event, &visit);
    for (const auto& instance : visit.instances) handle(event, instance, &instance == &visit.instances.back());
    return !visit.instances.empty();
}

// A conflict means that another runner was first. After reading what it appended, usually nothing is left to do.
void process_worker::handle(const recorded_event& event, const std::string& instance, bool is_last) {
    const stream_id journal{definition_.name, instance};
    for (bool is_done = false; !is_done;) {
        auto state = take_instance(journal);
        if (state.handled >= event.position) return keep_instance(journal, std::move(state));
        process_step step{definition_, bus_, state, journal, event.id, caused_by(event), now_()};
        step.handle(event, decoder_);
        if (is_last) step.documents.push_back(checkpoint(event.position));
        is_done = commit(journal, state, step);
        if (is_done && is_last) saved_ = event.position;
        if (is_done) keep_instance(journal, std::move(state));
    }
}

void process_worker::fire(const due_deadline& deadline) {
    const stream_id journal{definition_.name, deadline.instance};
    for (bool is_done = false; !is_done;) {
        auto state = take_instance(journal);
        const auto pending = state.deadlines.find(deadline.name);
        if (pending == state.deadlines.end() || pending->second.due != deadline.due) {
            // Another runner was first, or the journal was deleted.
            const std::vector documents{remove_deadline(definition_.name, deadline)};
            write_documents(store_, documents);
            return;
        }
        recorded_event cause{};
        cause.id = pending->second.id;
        cause.stream = journal.str();
        cause.metadata = pending->second.metadata;
        process_step step{definition_, bus_, state, journal, cause.id, caused_by(cause), now_()};
        step.fire(deadline.name);
        is_done = commit(journal, state, step);
        if (is_done) keep_instance(journal, std::move(state));
    }
}

process_instance process_worker::take_instance(const stream_id& journal) {
    auto kept = instances_.extract(journal.str());
    return kept ? std::move(kept.mapped()) : load_instance(store_, definition_, journal);
}

void process_worker::keep_instance(const stream_id& journal, process_instance instance) {
    if (cached_instances_ == 0) return;
    // Starting over costs one read per instance, too rarely to be worth tracking which was used last.
    if (instances_.size() >= cached_instances_) instances_.clear();
    instances_.insert_or_assign(journal.str(), std::move(instance));
}

bool process_worker::commit(const stream_id& journal, process_instance& instance, process_step& step) {
    const stream_write write{journal, expected_version::exactly(instance.version), step.entries};
    const auto written = store_.append(std::span(&write, 1), step.documents);
    if (written) {
        instance.version = written->front().version;
        return true;
    }
    if (written.error().reason == conflict_reason::version || written.error().reason == conflict_reason::deleted)
        return false;
    throw error(error_kind::invalid_argument,
                fmt::format("{} To forget an instance of a process, delete its journal.", written.error().message()));
}

document_write process_worker::checkpoint(stele::position reached) const {
    return checkpoint_document<v1::ProcessCheckpoint>(checkpoint_kind, definition_.name, reached);
}

void process_worker::save(stele::position reached) {
    const std::vector documents{checkpoint(reached)};
    write_documents(store_, documents);
    saved_ = reached;
}

std::optional<timestamp> process_worker::next_due() {
    const auto deadline = next_deadline(store_, name());
    return deadline ? std::optional{deadline->due} : std::nullopt;
}

position process_worker::position() const {
    const std::lock_guard lock(mutex_);
    return reached_;
}

std::optional<position> process_worker::wait_for(stele::position reached, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, end_of_wait(timeout), [&] { return reached_ >= reached || failure_; });
    return reached_ >= reached ? std::optional{reached_} : std::nullopt;
}

std::exception_ptr process_worker::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

std::string process_worker::last_error() const {
    const std::lock_guard lock(mutex_);
    return last_error_;
}

void process_worker::report(std::exception_ptr failure, bool stops) noexcept {
    auto message = message_without_fail(failure);
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(message);
    if (stops) failure_ = std::move(failure);
    changed_.notify_all();
}

void process_worker::clear_failure() {
    const std::lock_guard lock(mutex_);
    failure_ = nullptr;
}

void process_worker::advance(stele::position reached) {
    const std::lock_guard lock(mutex_);
    reached_ = std::max(reached_, reached);
    changed_.notify_all();
}

}  // namespace stele::inline v0::detail
