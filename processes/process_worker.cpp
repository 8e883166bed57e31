#include "processes/process_worker.hpp"

#include "processes/process_step.hpp"
#include "stele_process.pb.h"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/checkpoint.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <fmt/format.h>

#include <limits>
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

dead_letter letter_of(const recorded_event& event, std::string_view instance) {
    return {.position = event.position,
            .stream = std::string{event.stream},
            .type = std::string{event.type},
            .key = std::string{instance}};
}

}  // namespace

process_worker::process_worker(event_store& store, command_bus_base& bus, process_definition definition,
                               process_options options, const process_runner_options& settings)
    : store_(store),
      bus_(bus),
      definition_(std::move(definition)),
      filter_(filter_of(*definition_.events)),
      settings_(settings),
      decoder_(*definition_.events),
      progress_(settings) {
    const auto known =
        find_checkpoint<v1::ProcessCheckpoint>(store_, checkpoint_kind, name(), fmt::format("process {}", name()));
    if (!known) save(options.after);
    saved_ = known.value_or(options.after);
    progress_.advance(saved_);
}

bool process_worker::run(const std::stop_token& stop, bool retries) {
    const std::lock_guard lock(run_mutex_);
    retries_ = retries;
    progress_.begin({});
    const bool any_event = handle_events(store_.head(), stop);
    return handle_deadlines(stop) || any_event;
}

bool process_worker::handle_events(stele::position head, const std::stop_token& stop) {
    bool any = false;
    for (const event_batch& batch :
         store_.read_all({.after = progress_.position(), .up_to = head, .filter = filter_})) {
        for (const recorded_event& event : batch) {
            if (stop.stop_requested()) return any;
            progress_.begin(fmt::format("position {}", event.position));
            any = handle(event) || any;
            progress_.advance(event.position);
        }
    }
    progress_.begin({});
    if (head.value >= saved_.value + checkpoint_distance) save(head);
    progress_.advance(head);
    return any;
}

bool process_worker::handle_deadlines(const std::stop_token& stop) {
    bool any = false;
    while (!stop.stop_requested()) {
        progress_.begin({});
        const auto deadline = next();
        if (!deadline || deadline->due > settings_.now()) break;
        progress_.begin(fmt::format("deadline {}\n{}", deadline->instance, deadline->name));
        fire_or_put_aside(*deadline);
        any = true;
    }
    return any;
}

void process_worker::fire_or_put_aside(const due_deadline& deadline) {
    try {
        fire(deadline, {});
    } catch (...) {
        auto letter = may_put_aside()
                          ? find_deadline_entry(store_, stream_id{definition_.name, deadline.instance}, deadline.name)
                          : std::nullopt;
        if (!letter)
            throw_with(fmt::format("process {} failed at the deadline \"{}\" of the instance {}", name(), deadline.name,
                                   deadline.instance));
        put_aside(std::move(*letter), {});
    }
}

bool process_worker::handle(const recorded_event& event) {
    process_visit visit;
    std::vector<stream_id> journals;
    try {
        decoder_.decode(event, &visit);
        for (const auto& instance : visit.instances) journals.emplace_back(definition_.name, instance);
    } catch (...) {
        if (!may_put_aside()) throw_failed_at(fmt::format("process {}", name()), event);
        put_aside(letter_of(event, {}), {checkpoint(event.position)});
        saved_ = event.position;
        return true;
    }
    for (const auto& journal : journals) {
        const bool is_last = &journal == &journals.back();
        handle(event, journal, is_last ? documents{checkpoint(event.position)} : documents{});
        if (is_last) saved_ = event.position;
    }
    return !journals.empty();
}

void process_worker::handle(const recorded_event& event, const stream_id& journal, const documents& with) {
    auto letter = letter_of(event, journal.instance_id());
    if (has_dead_letter(store_, name(), letter.key, {event.position.value + 1})) {
        auto queued = with;
        // After a crash it may have been put aside already, with its error.
        letter.error = "queued behind an earlier event of the same instance";
        if (!is_dead_letter(store_, name(), letter)) queued.push_back(put_dead_letter(name(), letter));
        if (!queued.empty()) write_documents(store_, queued);
        return;
    }
    try {
        deliver(event, journal, with, false);
    } catch (...) {
        if (!may_put_aside())
            throw_failed_at(fmt::format("process {} (instance {})", name(), journal.instance_id()), event);
        put_aside(std::move(letter), with);
    }
}

bool process_worker::may_put_aside() const {
    if (definition_.on_fault != on_fault::dead_letter || (retries_ && !progress_.is_last_attempt())) return false;
    return is_of_the_event(std::current_exception());
}

void process_worker::put_aside(dead_letter letter, documents with) {
    letter.attempts = progress_.attempt();
    letter.error = message_of(std::current_exception());
    with.push_back(put_dead_letter(name(), letter));
    write_documents(store_, with);
    progress_.note_error(fmt::format(
        "process {} has a dead letter, position {} ({} in {}) of {}: {}", name(), letter.position, letter.type,
        letter.stream, letter.key.empty() ? "an unknown instance" : "the instance " + letter.key, letter.error));
    progress_.succeed();
}

// A conflict means that another runner was first. After reading what it appended, usually nothing is left to do.
void process_worker::deliver(const recorded_event& event, const stream_id& journal, const documents& with,
                             bool is_late) {
    for (bool is_done = false; !is_done;) {
        auto state = take_instance(journal);
        if (is_late ? was_handled(store_, journal, event.position) : state.handled >= event.position) {
            keep_instance(journal, std::move(state));
            if (is_late && !with.empty()) write_documents(store_, with);
            return;
        }
        process_step step{definition_, bus_, state, journal, event.id, caused_by(event), settings_};
        step.handle(event, decoder_);
        step.documents.insert(step.documents.end(), with.begin(), with.end());
        is_done = commit(journal, state, step);
        if (is_done) keep_instance(journal, std::move(state));
    }
}

void process_worker::fire(const due_deadline& deadline, const documents& with) {
    const stream_id journal{definition_.name, deadline.instance};
    for (bool is_done = false; !is_done;) {
        auto state = take_instance(journal);
        const auto pending = state.deadlines.find(deadline.name);
        if (pending == state.deadlines.end() || pending->second.due != deadline.due) {
            // Another runner was first, or the journal was deleted.
            auto removals = with;
            removals.push_back(remove_deadline(definition_.name, deadline));
            write_documents(store_, removals);
            return;
        }
        recorded_event cause{};
        cause.id = pending->second.id;
        cause.stream = journal.str();
        cause.metadata = pending->second.metadata;
        process_step step{definition_, bus_, state, journal, cause.id, caused_by(cause), settings_};
        step.fire(deadline.name);
        step.documents.insert(step.documents.end(), with.begin(), with.end());
        is_done = commit(journal, state, step);
        if (is_done) keep_instance(journal, std::move(state));
    }
}

process_instance process_worker::take_instance(const stream_id& journal) {
    auto kept = instances_.extract(journal.str());
    return kept ? std::move(kept.mapped()) : load_instance(store_, definition_, journal);
}

void process_worker::keep_instance(const stream_id& journal, process_instance instance) {
    if (settings_.cached_instances == 0) return;
    // Starting over costs one read per instance, too rarely to be worth tracking which was used last.
    if (instances_.size() >= settings_.cached_instances) instances_.clear();
    instances_.insert_or_assign(journal.str(), std::move(instance));
}

bool process_worker::commit(const stream_id& journal, process_instance& instance, process_step& step) {
    // A cached instance acts as one that is loaded now, so also without the entries that were removed since.
    const stream_write write{
        journal, expected_version::exactly(instance.version).nothing_removed_after(instance.removed), step.entries};
    const auto written = store_.append(std::span(&write, 1), step.documents);
    if (written) {
        instance.version = written->front().version;
        return true;
    }
    using enum conflict_reason;
    const auto reason = written.error().reason;
    if (reason == conflict_reason::version || reason == deleted || reason == removed) return false;
    throw error(error_kind::invalid_argument,
                fmt::format("{} To forget an instance of a process, delete its journal.", written.error().message()));
}

document_write process_worker::checkpoint(stele::position reached) const {
    return checkpoint_document<v1::ProcessCheckpoint>(checkpoint_kind, definition_.name, reached);
}

void process_worker::save(stele::position reached) {
    const std::vector writes{checkpoint(reached)};
    write_documents(store_, writes);
    saved_ = reached;
}

std::optional<due_deadline> process_worker::next() {
    constexpr auto any = std::numeric_limits<std::uint64_t>::max();
    return next_deadline(store_, name(), [&](const std::string& instance) {
        return has_dead_letter(store_, name(), instance, stele::position{any});
    });
}

std::optional<timestamp> process_worker::next_due() {
    const auto deadline = next();
    return deadline ? std::optional{deadline->due} : std::nullopt;
}

}  // namespace stele::inline v0::detail
