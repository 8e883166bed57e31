#include "processes/process_step.hpp"
#include "processes/process_worker.hpp"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <fmt/format.h>

#include <set>

/// How a process handles its dead letters.
namespace stele::inline v0::detail {

dead_letter_replay process_worker::replay_dead_letters() {
    const std::lock_guard lock(run_mutex_);
    save_seen();
    round_ = nullptr;
    dead_letter_replay result;
    std::set<std::string> blocked;
    for (auto& letter : dead_letters()) {
        if (!letter.key.empty() && blocked.contains(letter.key)) {
            ++result.left;
            continue;
        }
        bool is_gone = true, is_handled = false;
        try {
            removals_.read();
            const bool is_forgotten = removals_.of(letter.key).deleted > letter.position;
            for (const recorded_event& event :
                 store_.read_all({.after = {letter.position.value - 1}, .up_to = letter.position}).events()) {
                if (is_forgotten) break;
                is_gone = false;
                is_handled = replay(event, letter);
            }
        } catch (...) {
            if (!is_of_the_event(std::current_exception()))
                throw_with(fmt::format("process {} (instance {}) failed at the dead letter of position {}", name(),
                                       letter.key, letter.position));
            ++letter.attempts;
            letter.error = message_of(std::current_exception());
            const std::vector kept{put_dead_letter(store_, name(), letter)};
            write_documents(store_, kept);
            is_gone = false;
        }
        if (is_gone) {
            const std::vector removal{remove_dead_letter(name(), letter)};
            write_documents(store_, removal);
        }
        if (!is_gone && !is_handled) blocked.insert(letter.key);
        ++(is_gone ? result.gone : is_handled ? result.applied : result.left);
    }
    return result;
}

// Returns whether it was handled by all its instances; by some it may be queued behind other dead letters.
bool process_worker::replay(const recorded_event& event, const dead_letter& letter) {
    const documents removal{remove_dead_letter(name(), letter)};
    if (const auto deadline = deadline_of(event)) {
        const stream_id journal{definition_.name, letter.key};
        auto state = take_instance(journal);
        const auto pending = state.deadlines.find(*deadline);
        if (pending == state.deadlines.end() || pending->second.id != event.id)
            write_documents(store_, removal);  // it was cancelled or set again
        else
            fire({letter.key, *deadline, pending->second.due}, removal);
        return true;
    }
    process_visit visit;
    // An event that the process no longer lists belongs to no instance.
    static_cast<void>(decoder_.decode_if_known(event, &visit));
    // The rules may have changed, and the event may belong to other instances now.
    if (const auto known = visit.find(letter.key); known != visit.instances.end())
        visit.instances = std::vector{located_instance{*known}};
    const auto deliveries = deliveries_of(visit.instances);
    if (deliveries.empty()) write_documents(store_, removal);
    bool is_handled = true;
    for (const auto& to : deliveries) {
        const auto& journal = to.journal;
        const auto with = &to == &deliveries.back() ? removal : documents{};
        if (!has_dead_letter(store_, name(), journal.instance_id(), removals_.of(journal.instance_id()).deleted,
                             event.position)) {
            deliver(event, to, with, true);
            continue;
        }
        auto queued = letter;
        queued.key = journal.instance_id();
        auto writes = with;
        writes.push_back(put_dead_letter(store_, name(), queued));
        write_documents(store_, writes);
        is_handled = false;
    }
    return is_handled;
}

bool process_worker::discard_dead_letter(stele::position position, std::string_view instance) {
    const std::lock_guard lock(run_mutex_);
    round_ = nullptr;
    const dead_letter letter{.position = position, .key = std::string{instance}};
    if (!is_dead_letter(store_, name(), letter)) return false;
    for (const recorded_event& event : store_.read_all({.after = {position.value - 1}, .up_to = position}).events()) {
        if (!deadline_of(event)) continue;
        cancel_deadline(event, letter);
        return true;
    }
    write_if_any({remove_dead_letter(name(), letter)});
    return true;
}

// Otherwise it would fire again, and fail again.
void process_worker::cancel_deadline(const recorded_event& entry, const dead_letter& letter) {
    const stream_id journal{definition_.name, letter.key};
    const documents removal{remove_dead_letter(name(), letter)};
    const auto deadline = *deadline_of(entry);
    unsigned attempt = 0;
    for (bool is_done = false; !is_done;) {
        expect_attempt(++attempt, journal);
        auto state = take_instance(journal);
        const auto pending = state.deadlines.find(deadline);
        if (pending == state.deadlines.end() || pending->second.id != entry.id) return write_if_any(removal);
        process_step step{
            definition_, bus_, state, journal, entry.id, caused_by(entry), {}, settings_.commands_per_turn};
        step.cancel(deadline);
        is_done = commit(journal, std::move(state), step, removal);
    }
}

}  // namespace stele::inline v0::detail
