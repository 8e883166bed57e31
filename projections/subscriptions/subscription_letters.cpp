#include "projections/runner/stored_checkpoint.hpp"
#include "projections/subscriptions/subscription_documents.hpp"
#include "projections/subscriptions/subscription_worker.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <exception>
#include <limits>
#include <set>
#include <string>
#include <utility>

/// What people do with a subscription: its dead letters, and its position.
namespace stele::inline v0::detail {
namespace {

constexpr auto all_letters = std::numeric_limits<std::size_t>::max();

}  // namespace

std::vector<dead_letter> subscription_worker::dead_letters(position after, std::size_t limit) const {
    return list_letters(store_, definition_.name, after, limit);
}

// Its event is handled, or given up: it counts there from now on.
void subscription_worker::settle(const dead_letter& letter, event_outcome outcome) {
    ++(outcome == event_outcome::applied   ? now_.applied
       : outcome == event_outcome::skipped ? now_.skipped
                                           : now_.ignored);
    if (now_.dead_lettered > 0)
        --now_.dead_lettered;
    else
        ++now_.seen;  // a letter that nobody has counted
    save_or_reload({remove_letter(definition_.name, letter.position)});
    letters_.remove(letter.key, letter.position);
}

// One that fails again, as a dead letter, is stored with the new failure.
event_outcome subscription_worker::replay(const dead_letter& letter) {
    auto range = store_.read_all({.after = {letter.position.value - 1}, .up_to = letter.position});
    for (const auto& event : std::move(range).events()) try {
            return handle(event) ? event_outcome::applied : event_outcome::ignored;
        } catch (...) {
            const auto failure = std::current_exception();
            if (!is_of_the_event(failure)) throw_failed_at(name_, event);
            auto again = letter;
            ++again.attempts;
            again.error = message_of(failure);
            save({put_letter(store_, definition_.name, again)});
            return event_outcome::dead_lettered;
        }
    return event_outcome::ignored;
}

dead_letter_replay subscription_worker::replay_dead_letters() {
    const std::lock_guard lock(mutex_);
    renew();
    own();
    if (must_save_) save();
    dead_letter_replay result;
    std::set<std::string, std::less<>> waiting;
    for (const auto& letter : list_letters(store_, definition_.name, {}, all_letters)) {
        const bool is_gone = !has_event(store_, letter.position);
        auto outcome = is_gone ? event_outcome::ignored : event_outcome::dead_lettered;
        if (!is_gone && !waiting.contains(letter.key)) outcome = replay(letter);
        if (outcome == event_outcome::dead_lettered) {
            waiting.insert(letter.key);
            ++result.left;
            continue;
        }
        settle(letter, outcome);
        ++(is_gone ? result.gone : result.applied);
    }
    return result;
}

bool subscription_worker::discard_dead_letter(position where) {
    const std::lock_guard lock(mutex_);
    if (where.value == 0) return false;
    renew();
    own();
    if (must_save_) save();
    const auto found = list_letters(store_, definition_.name, {where.value - 1}, 1);
    if (found.empty() || found.front().position != where) return false;
    settle(found.front(), event_outcome::skipped);
    return true;
}

void subscription_worker::reset(position after) {
    const std::lock_guard lock(mutex_);
    if (const auto head = store_.head(); after > head)
        throw error{error_kind::other_store,
                    fmt::format("{} cannot be reset to position {}: the store ends at {}; nothing was changed; name a "
                                "position that it has",
                                name_, after.value, head.value)};
    renew();
    own();
    if (must_save_) save();
    std::vector<document_write> dropped;
    progress from;
    from.checkpoint = after;
    for (const auto& letter : list_letters(store_, definition_.name, {}, all_letters))
        if (letter.position > after)
            dropped.push_back(remove_letter(definition_.name, letter.position));
        else
            ++from.dead_lettered;
    from.seen = from.dead_lettered;
    // Those that do not fit into one append go afterwards: until then they hold up events that come again.
    const auto parts = take_parts(store_, definition_.name, dropped);
    now_ = from;
    save_or_reload(std::move(dropped));
    for (const auto& part : parts) save_or_reload(part);
    load();
}

}  // namespace stele::inline v0::detail
