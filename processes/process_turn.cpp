#include "processes/batch/process_batch.hpp"
#include "processes/process_step.hpp"
#include "processes/process_worker.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

/// The turns of a process: an event is delivered to an instance, or a deadline of it fires.
namespace stele::inline v0::detail {
namespace {

/// How often a turn is taken again because something else has changed the journal meanwhile.
constexpr unsigned most_attempts = 1000;

}  // namespace

bool process_worker::fire_next(const std::stop_token& stop) {
    auto& round = *round_;
    const auto passes_over = [&](const due_deadline& deadline) {
        return deadline.due <= round.now && (round.has_fired(deadline) || waits(deadline, round.letters));
    };
    while (!stop.stop_requested()) {
        progress_.begin({});
        const auto deadline = next_deadline(store_, name(), round.after, passes_over);
        if (!deadline || deadline->due > round.now) {
            if (retries_) round = {};  // catch_up() has one round
            return false;
        }
        if (round.letters.empty()) round.letters = last_dead_letters(store_, name());
        removals_.read();
        if (waits(*deadline, round.letters)) continue;
        if (has_dead_letter(store_, name(), deadline->instance, removals_.of(deadline->instance).deleted,
                            position::max())) {
            round.letters[deadline->instance] = position::max();  // since the round began
            continue;
        }
        progress_.begin(fmt::format("deadline {}\n{}", deadline->instance, deadline->name));
        save_seen();
        fire_or_put_aside(*deadline);
        round.fired.insert_or_assign({deadline->instance, deadline->name}, deadline->due);
        return true;
    }
    return false;
}

bool process_worker::waits(const due_deadline& deadline, const std::map<std::string, position>& letters) const {
    const auto last = letters.find(deadline.instance);
    return last != letters.end() && last->second > removals_.of(deadline.instance).deleted;
}

std::optional<timestamp> process_worker::next_due() {
    std::string after;
    const auto any = [](const due_deadline&) { return false; };
    if (!next_deadline(store_, name(), after, any)) return {};
    const auto letters = last_dead_letters(store_, name());
    removals_.read();
    const auto deadline =
        next_deadline(store_, name(), after, [&](const due_deadline& each) { return waits(each, letters); });
    return deadline ? std::optional{deadline->due} : std::nullopt;
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

// A conflict means that another runner was first, or something was removed. After reading what is there now, usually
// nothing is left to do.
bool process_worker::deliver(const recorded_event& event, const delivery& to, const documents& with, bool is_late) {
    const auto& journal = to.journal;
    unsigned attempt = 0;
    for (bool is_done = false; !is_done;) {
        expect_attempt(++attempt, journal);
        auto state = take_instance(journal);
        const auto removed = removals_.of(journal.instance_id());
        if (removed.is_closed || (is_late && removed.deleted > event.position)) {
            write_if_any(with);
            return false;
        }
        const bool may_be_known = state.handled >= event.position;
        if (is_late ? may_be_known && was_handled(store_, journal, event.position) : may_be_known) {
            keep_instance(journal, std::move(state));
            if (is_late) write_if_any(with);
            return true;
        }
        if (!takes(state, to)) {
            if (batch_ != nullptr) keep_instance(journal, std::move(state));
            if (is_late) write_if_any(with);
            return false;
        }
        process_step step{definition_,     bus_,
                          state,           journal,
                          event.id,        caused_by(event),
                          terms_of(event), settings_.commands_per_turn};
        step.join(batch_);
        step.handle(event, decoder_);
        is_done = commit(journal, std::move(state), step, with);
    }
    return true;
}

// Only history misses deadlines: what was recorded long after it occurred, or before the process first ran. What
// follows from a deadline that fires late is no history, and may set the next one, which is late as well.
deadline_terms process_worker::terms_of(const recorded_event& event) const {
    deadline_terms terms{.from = occurred_at(event)};
    if (oldest_deadline_ == std::chrono::microseconds::max()) return terms;
    const bool was_there = began_at_ && event.position <= began_;
    if (was_there || is_imported(store_, event, oldest_deadline_)) {
        const auto known_at = was_there ? *began_at_ : event.recorded_at;
        terms.earliest = saturating_add(known_at, -oldest_deadline_);
    }
    return terms;
}

void process_worker::fire(const due_deadline& deadline, const documents& with) {
    const stream_id journal{definition_.name, deadline.instance};
    unsigned attempt = 0;
    for (bool is_done = false; !is_done;) {
        expect_attempt(++attempt, journal);
        auto state = take_instance(journal);
        const auto pending = state.deadlines.find(deadline.name);
        if (pending == state.deadlines.end() || pending->second.due != deadline.due) {
            // Another runner was first, or the journal was removed.
            auto removals = with;
            removals.push_back(remove_deadline(definition_.name, deadline));
            write_documents(store_, removals);
            return;
        }
        recorded_event cause{};
        cause.id = pending->second.id;
        cause.stream = journal.str();
        cause.metadata = pending->second.metadata;
        auto about = caused_by(cause);
        if (about.occurred_at) about.occurred_at = deadline.due;  // in business time, too, it fires when it is due
        const deadline_terms terms{.from = about.occurred_at ? deadline.due : timestamp{settings_.now()}};
        process_step step{definition_, bus_, state, journal, cause.id, about, terms, settings_.commands_per_turn};
        step.fire(deadline.name);
        is_done = commit(journal, std::move(state), step, with);
    }
}

void process_worker::expect_attempt(unsigned number, const stream_id& journal) const {
    if (number > most_attempts)
        throw error(error_kind::busy,
                    fmt::format("process {} could not write the journal {} in {} attempts: each time another program "
                                "had changed it. Let one runner at a time run the process.",
                                name(), journal.str(), most_attempts));
}

// An instance that is cached must be as one that is loaded now, also without what was removed since: from its journal,
// or from a stream whose events it has handled.
process_instance process_worker::take_instance(const stream_id& journal) {
    // The other turns of the batch did not know of it.
    if (forget_removed() && batch_ != nullptr && !batch_->is_empty()) throw not_in_batch{.may_begin_one = true};
    if (batch_ != nullptr)
        if (auto kept = batch_->take(journal)) return *std::move(kept);
    if (auto kept = instances_.extract(journal.str())) return std::move(kept.mapped());
    while (true) {
        auto loaded = load_instance(store_, definition_, journal);
        loaded.removal = removals_.of(journal.instance_id()).last;
        if (!forget_removed()) return loaded;
    }
}

bool process_worker::forget_removed() {
    const auto last = removals_.read();
    if (std::exchange(last_removal_, last) == last) return false;
    instances_.clear();
    return true;
}

void process_worker::keep_instance(const stream_id& journal, process_instance instance) {
    if (batch_ != nullptr) return batch_->keep(journal, std::move(instance));
    if (settings_.cached_instances == 0 || !instance.exists()) return;
    // Starting over costs one read per instance, too rarely to be worth tracking which was used last.
    if (instances_.size() >= settings_.cached_instances) instances_.clear();
    instances_.insert_or_assign(journal.str(), std::move(instance));
}

bool process_worker::commit(const stream_id& journal, process_instance instance, process_step& step,
                            const documents& with) {
    if (batch_ != nullptr) {
        batch_->add(journal, std::move(instance), step);
        return true;
    }
    step.documents.insert(step.documents.end(), with.begin(), with.end());
    const stream_write write{
        journal, expected_version::exactly(instance.version).nothing_removed_after(instance.removed), step.entries};
    if (step.entries.empty()) {
        write_if_any(step.documents);
        keep_instance(journal, std::move(instance));
        return true;
    }
    const auto written = store_.append(std::span(&write, 1), step.documents);
    if (!written) {
        using enum conflict_reason;
        const auto reason = written.error().reason;
        if (reason == version || reason == deleted || reason == removed || reason == tombstoned) return false;
        throw error(error_kind::invalid_argument, fmt::format("{}.", written.error().message()));
    }
    instance.version = written->front().version;
    if (round_ != nullptr)
        for (const auto& deadline : step.set_deadlines) round_->set(name(), deadline);
    keep_instance(journal, std::move(instance));
    return true;
}

void process_worker::write_if_any(const documents& with) {
    if (!with.empty()) write_documents(store_, with);
}

}  // namespace stele::inline v0::detail
