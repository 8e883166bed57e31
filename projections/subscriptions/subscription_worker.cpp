#include "projections/subscriptions/subscription_worker.hpp"

#include "projections/runner/stored_checkpoint.hpp"
#include "projections/subscriptions/subscription_documents.hpp"

#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <utility>

namespace stele::inline v0::detail {
namespace {

using clock = std::chrono::steady_clock;

// A turn ends after that time, with a save: what a crash repeats is bounded also where a handler is slow.
constexpr std::chrono::seconds longest_turn{1};
// Events that are passed over are cheap to skip again, so the position is not stored for each of them.
constexpr std::uint64_t checkpoint_distance = 1000;
// So that one append stays small.
constexpr std::size_t most_letters = 100;

}  // namespace

subscription_worker::subscription_worker(event_store& store, subscription_definition definition,
                                         durable_subscription_options options, unsigned attempts)
    : store_(store),
      definition_(std::move(definition)),
      options_(std::move(options)),
      attempts_(attempts),
      name_(fmt::format("subscription {}", definition_.name)),
      decoder_(*definition_.events),
      claim_(store, definition_.name) {
    expect_saving(store_, checkpoint_kind_of_subscriptions, definition_.name);
    // Throws for a filter that no event can pass.
    const event_feed checked{store_, {}, {}, *definition_.events, {.filter = options_.filter}};
    expect_room(store_, definition_.name, definition_.on_fault == on_fault::dead_letter);
    begin();
    try {
        load();
    } catch (const error& failure) {
        // Each turn looks again and throws. Until the first one, nobody who waits is told that it has reached anything.
        if (failure.kind() != error_kind::other_store) throw;
        board_.show_faulted(std::current_exception(), 0, false);
    }
}

// Stored before anything else happens: a restart must not begin later.
void subscription_worker::begin() {
    if (find_progress(store_, definition_.name)) return;
    if (const auto head = store_.head(); options_.after > head)
        throw error{error_kind::other_store,
                    fmt::format("{}: it is to begin after position {}, and the store ends at {}; open the right store, "
                                "or begin at a position that it has",
                                name_, options_.after.value, head.value)};
    progress from;
    from.checkpoint = options_.after;
    const auto write = progress_document(definition_.name, from, document_action::add);
    // A conflict: another runner was first, and that is where it begins.
    [[maybe_unused]] const bool is_first = store_.append({}, {&write, 1}).has_value();
}

void subscription_worker::load() {
    is_loaded_ = false;
    begin();
    now_ = find_progress(store_, definition_.name).value_or(progress{});
    expect_reached(store_, now_.checkpoint, name_);
    letters_ = letter_queue{store_, definition_.name};
    saved_ = now_.checkpoint;
    must_save_ = false;
    unsaved_letters_.clear();
    feed_ = nullptr;
    failures_ = 0;
    is_loaded_ = true;
    board_.show(now_);
}

// Takes the subscription if it is to, or throws if another runner has taken it.
void subscription_worker::own() {
    if (!must_claim_.exchange(false)) {
        claim_.expect_held();
        if (!is_loaded_) load();
        return;
    }
    try {
        if (!claim_.is_held()) {
            is_loaded_ = false;
            claim_.take();
        }
        if (!is_loaded_) load();
    } catch (...) {
        must_claim_ = true;
        throw;
    }
}

void subscription_worker::save(std::vector<document_write> more) {
    more.insert(more.end(), unsaved_letters_.begin(), unsaved_letters_.end());
    more.push_back(progress_document(definition_.name, now_, document_action::put));
    claim_.write(more);
    unsaved_letters_.clear();
    saved_ = now_.checkpoint;
    must_save_ = false;
    board_.show(now_);
}

// The store may have them, though it threw: what it has is loaded again.
void subscription_worker::save_or_reload(std::vector<document_write> more) {
    is_loaded_ = false;
    save(std::move(more));
    is_loaded_ = true;
}

bool subscription_worker::is_save_due() const {
    return must_save_ || now_.checkpoint.value >= saved_.value + checkpoint_distance;
}

void subscription_worker::leave() noexcept {
    // Whoever works on it at the moment stores what he has done himself.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    feed_ = nullptr;
    if (!claim_.was_held() || !is_loaded_ || (!must_save_ && now_.checkpoint == saved_)) return;
    try {
        save();
    } catch (...) {
        board_.show_error(std::current_exception());  // the next run repeats it
    }
}

void subscription_worker::catch_up(position target) {
    const std::lock_guard lock(mutex_);
    renew();
    while (!turn(target, 1)) {
    }
    if (now_.checkpoint != saved_) save();
}

step_outcome subscription_worker::step(position target) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return step_outcome::busy;
    return turn(target, attempts_) ? step_outcome::at_target : step_outcome::more;
}

// Handles events for a while and stores how far it has come; returns whether it has reached the target. Throws if an
// event failed, after that.
bool subscription_worker::turn(position target, unsigned attempts) {
    own();
    if (must_save_) save();
    if (now_.checkpoint > target) expect_reached(store_, now_.checkpoint, name_);
    if (now_.checkpoint >= target) return true;
    auto events = std::exchange(feed_, nullptr);
    if (!events || events->after() != now_.checkpoint)
        events = std::make_unique<event_feed>(store_, now_.checkpoint, target, *definition_.events,
                                              feed_options{.filter = options_.filter});
    const auto end = clock::now() + longest_turn;
    std::exception_ptr failure;
    bool is_left = true;
    try {
        // One that has failed has a turn of its own, so that its failures are counted alone.
        for (auto left = failures_ > 0 ? 1 : options_.checkpoint_every; is_left && left > 0; --left) {
            is_left = do_next(*events, attempts);
            if (clock::now() >= end || unsaved_letters_.size() >= most_letters) break;
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (is_save_due())
        save();
    else
        board_.show(now_);
    if (failure) std::rethrow_exception(failure);
    if (is_left) feed_ = std::move(events);
    return now_.checkpoint >= target;
}

bool subscription_worker::do_next(event_feed& events, unsigned attempts) {
    const auto chunk = events.next(1);
    if (!chunk) return false;
    for (const auto& event : chunk->events) {
        const auto outcome = outcome_of(event, attempts);
        now_.pass(event, outcome);
        must_save_ = must_save_ || outcome != event_outcome::ignored;
        failures_ = 0;
    }
    now_.skip_to(chunk->up_to, chunk->last);
    return true;
}

// Returns whether it concerns the subscription.
bool subscription_worker::handle(const recorded_event& event) {
    const causation_scope cause(event);
    return decoder_.decode_if_known(event, definition_.object.get());
}

event_outcome subscription_worker::outcome_of(const recorded_event& event, unsigned attempts) {
    if (must_wait(event)) {
        park(event, 0, "queued behind an earlier event with the same key");
        return event_outcome::dead_lettered;
    }
    try {
        return handle(event) ? event_outcome::applied : event_outcome::ignored;
    } catch (...) {
        return give_up(event, attempts);
    }
}

// Rethrows the failure that is being handled, unless that was the last attempt and the subscription goes on.
event_outcome subscription_worker::give_up(const recorded_event& event, unsigned attempts) {
    const auto failure = std::current_exception();
    const bool is_of_the_event = detail::is_of_the_event(failure);
    if (is_of_the_event) {
        if (std::exchange(failed_at_, event.position) != event.position) failures_ = 0;
        ++failures_;
    }
    if (!is_of_the_event || failures_ < attempts || definition_.on_fault == on_fault::stop)
        throw_failed_at(name_, event);
    if (definition_.on_fault == on_fault::dead_letter) {
        park(event, failures_, message_of(failure));
        return event_outcome::dead_lettered;
    }
    board_.show_error(fmt::format("{} skipped the event at position {} (stream {}, version {}, type {}): {}", name_,
                                  event.position.value, event.stream, event.version.value, event.type,
                                  message_of(failure)));
    return event_outcome::skipped;
}

// The stream if the subscription cannot tell: the error of its handler must not get lost, nor other events wait.
std::string subscription_worker::key_of(const recorded_event& event) const {
    try {
        return std::string{cut_utf8(repair_utf8(definition_.dead_letter_key(event)), longest_letter_key)};
    } catch (...) {
        if (!is_of_the_event(std::current_exception())) throw;
        return std::string{event.stream};
    }
}

// Whether an earlier event with the same key is a dead letter, and still in the store.
bool subscription_worker::must_wait(const recorded_event& event) {
    if (letters_.empty()) return false;
    const auto entry = definition_.events->find(event);
    return entry && (*definition_.events)[*entry].handle != nullptr && letters_.holds_up(store_, key_of(event));
}

void subscription_worker::park(const recorded_event& event, std::uint64_t attempts, std::string error) {
    const dead_letter letter{.position = event.position,
                             .stream = std::string{event.stream},
                             .type = std::string{event.type},
                             .key = key_of(event),
                             .attempts = attempts,
                             .error = std::move(error)};
    auto write = put_letter(store_, definition_.name, letter);
    const auto bytes_of = [](const document_write& each) { return each.key.size() + each.value.size(); };
    auto bytes = bytes_of(write);
    for (const auto& each : unsaved_letters_) bytes += bytes_of(each);
    if (bytes > room_of_write(store_, definition_.name)) save();  // those of earlier events
    unsaved_letters_.push_back(std::move(write));
    letters_.add(letter.key, letter.position);
}

}  // namespace stele::inline v0::detail
