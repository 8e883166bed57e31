#include "projections/projection_worker.hpp"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace stele::detail {
namespace {

constexpr std::size_t replay_page = 1000;

}  // namespace

projection_worker::projection_worker(event_store& store, const std::filesystem::path& directory,
                                     const projection_definition& definition, const projection_runner_options& options)
    : store_(store),
      definition_(definition),
      identity_(identity_of(definition)),
      files_(directory, definition.name),
      options_(options),
      current_(open_or_create()),
      applier_(definition) {
    board_.show(current_.progress());
}

generation projection_worker::open_or_create() {
    if (const auto serving = files_.serving()) {
        auto opened = generation::open(files_.file(*serving));
        if (opened.identity().name == identity_.name) return opened;
        throw error{error_kind::format,
                    fmt::format("{}: is the read model of projection {}, not of {}; nothing was touched; move it away",
                                opened.file().string(), opened.identity().name, identity_.name)};
    }
    const auto first = files_.next();
    auto made = generation::create(files_.file(first), definition_, identity_);
    files_.serve(first);
    return made;
}

void projection_worker::catch_up(position target) {
    const std::lock_guard turn(turn_);
    expect_same_projection(current_);
    expect_same_store(current_, target);
    run(current_, target);
    mark_complete(current_);
}

turn_result projection_worker::step(position target) {
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn) return turn_result::not_my_turn;
    expect_same_projection(current_);
    expect_same_store(current_, target);
    if (current_.progress().checkpoint < target) {
        auto events = feed(current_, target);
        if (apply_batch(current_, events, true) != batch_end::at_target) return turn_result::more;
    }
    mark_complete(current_);
    return turn_result::at_target;
}

void projection_worker::expect_same_projection(const generation& built) const {
    const auto& was = built.identity();
    if (was == identity_) return;
    const auto reason =
        was.version != identity_.version
            ? fmt::format("was built by version {} of projection {}, this program has version {}", was.version,
                          identity_.name, identity_.version)
            : fmt::format(
                  "was built by a version {} of projection {} that declared other events or made other tables; "
                  "count the version up",
                  was.version, identity_.name);
    throw error{error_kind::format,
                fmt::format("{}: {}; nothing was touched; rebuild the projection (projection_runner::rebuild)",
                            built.file().string(), reason)};
}

void projection_worker::expect_same_store(const generation& built, position head) {
    const auto& progress = built.progress();
    const auto refuse = [&](std::string_view why) {
        throw error{error_kind::format,
                    fmt::format("{}: {}; this is another store, or one that was restored from a backup; nothing was "
                                "touched; open the right store, or rebuild the projection from this one",
                                built.file().string(), why)};
    };
    if (progress.checkpoint > head)
        refuse(fmt::format("has seen events up to position {}, but the store ends at {}", progress.checkpoint.value,
                           head.value));
    if (store_is_known_ || progress.witness.value == 0) return;
    auto read = store_.read_all({.after = {progress.witness.value - 1}, .up_to = progress.witness, .limit = 1});
    for (const auto& event : std::move(read).events())
        if (event.id != progress.witness_id)
            refuse(fmt::format("has seen event {} at position {}, where the store has event {}",
                               progress.witness_id.str(), progress.witness.value, event.id.str()));
    store_is_known_ = true;
}

event_feed projection_worker::feed(const generation& to, position target) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < definition_.events->size(); ++i) types.emplace_back((*definition_.events)[i].type);
    return {store_, to.progress().checkpoint, target, std::move(types)};
}

void projection_worker::run(generation& to, position target) {
    while (to.progress().checkpoint < target) {
        auto events = feed(to, target);
        while (apply_batch(to, events, false) == batch_end::more) {
        }
    }
}

// `again`: nothing was applied, and the events have to be read from the checkpoint on once more; an event that could
// not be taken will be put aside then. Who is patient gives it all its attempts before.
projection_worker::batch_end projection_worker::apply_batch(generation& to, event_feed& feed, bool patient) {
    const auto result = applier_.apply(to, feed, options_.batch_events);
    if (result.fault) {
        if (put_aside(*result.fault, patient)) return batch_end::again;
        fail(*result.fault, to);
    }
    if (&to == &current_) board_.show(to.progress());
    return result.at_end ? batch_end::at_target : batch_end::more;
}

bool projection_worker::put_aside(const event_fault& fault, bool patient) {
    failures_ = fault.position == failed_at_ ? failures_ + 1 : 1;
    failed_at_ = fault.position;
    if (definition_.on_fault != on_fault::dead_letter || !fault.is_of_the_event()) return false;
    if (fault.position == applier_.put_aside()) return false;  // that is what was tried
    if (patient && failures_ < options_.attempts) return false;
    applier_.put_aside(fault.position, failures_);
    return true;
}

void projection_worker::fail(const event_fault& fault, const generation& to) const {
    const auto message = fault.message(definition_.name, to.file());
    try {
        std::rethrow_exception(fault.cause);
    } catch (const error& failure) {
        std::throw_with_nested(error{failure.kind(), message, failure.engine_code()});
    } catch (...) {
        std::throw_with_nested(error{error_kind::invalid_argument, message});
    }
}

dead_letter_replay projection_worker::replay_dead_letters() {
    const std::lock_guard turn(turn_);
    expect_same_projection(current_);
    expect_same_store(current_, store_.head());
    dead_letter_replay result;
    std::set<std::string> failed_keys;
    auto& letters = current_.dead_letters();
    for (auto page = letters.list({}, replay_page); !page.empty();
         page = letters.list(page.back().position, replay_page))
        for (const auto& letter : page) replay(letter, result, failed_keys);
    letters.reload();
    board_.show(current_.progress());
    return result;
}

void projection_worker::replay(const dead_letter& letter, dead_letter_replay& result,
                               std::set<std::string>& failed_keys) {
    if (failed_keys.contains(letter.key)) {
        ++result.left;
        return;
    }
    auto now = current_.progress();
    std::optional<bool> applied;
    current_.begin();
    try {
        auto read = store_.read_all({.after = {letter.position.value - 1}, .up_to = letter.position});
        for (const auto& event : std::move(read).events()) applied = applier_.apply(current_, event);
        current_.dead_letters().remove(letter.position);
        --now.dead_lettered;
        ++(applied.value_or(false) ? now.applied : now.ignored);
        current_.commit(now);
        ++(applied ? result.applied : result.gone);
    } catch (...) {
        current_.rollback();
        const event_fault fault{.cause = std::current_exception()};
        if (!fault.is_of_the_event()) throw;
        failed_keys.insert(letter.key);
        ++result.left;
        current_.begin();
        current_.dead_letters().note_failure(letter.position, fault.why());
        current_.commit(current_.progress());
    }
}

void projection_worker::mark_complete(generation& built) {
    if (built.progress().complete) return;
    auto progress = built.progress();
    progress.complete = true;
    built.begin();
    try {
        built.commit(progress);
    } catch (...) {
        built.rollback();
        throw;
    }
}

void projection_worker::rebuild() {
    const std::lock_guard turn(turn_);
    board_.show_rebuilding(true);
    try {
        build_next();
    } catch (...) {
        board_.show_rebuilding(false);
        throw;
    }
    board_.show_rebuilding(false);
}

void projection_worker::build_next() {
    const auto old = files_.serving().value();
    for (const auto number : files_.all())
        if (number > old) files_.remove(number);  // left by a rebuild that did not come to its end
    const auto number = files_.next();
    std::optional<generation> shadow{generation::create(files_.file(number), definition_, identity_)};
    try {
        run(*shadow, store_.head());
        mark_complete(*shadow);
        shadow->sync();
        files_.serve(number);
    } catch (...) {
        give_up(std::move(shadow), number);
        throw;
    }
    current_ = std::move(*shadow);
    board_.show(current_.progress());
    store_is_known_ = true;
    for (const auto other : files_.all())
        if (other != number && other != old) files_.remove(other);
}

// Removes the shadow, unless it serves already (the link stands, only its way to the disk failed).
void projection_worker::give_up(std::optional<generation> shadow, std::uint64_t number) noexcept {
    try {
        if (files_.serving() == number) {
            current_ = std::move(*shadow);
        } else {
            shadow.reset();
            files_.remove(number);
        }
    } catch (const std::exception&) {
        // What is left is removed by the next rebuild; the caller gets the fault that came first.
        return;
    }
}

}  // namespace stele::detail
