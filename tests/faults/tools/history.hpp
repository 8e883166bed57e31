#pragma once

#include "faults/tools/labelled.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The planned events of an append for one stream.
struct planned_write {
    std::string stream;
    stele::expected_version expected;
    std::vector<std::uint8_t> size_classes;  ///< One for each event.
};

/// One action on a store, in a test about interruptions between actions.
struct step {
    enum class kind : std::uint8_t {
        open,        ///< Opens the store; it is made the first time.
        close,       ///< Closes it.
        append,      ///< Appends `writes` at once, to several streams if there are several.
        burst,       ///< Appends each of `writes` by itself, all of them under way before the first is waited for.
        repeat,      ///< Appends once more what the append number `number` of this history appended.
        truncate,    ///< Removes what the stream of writes[0] holds before `before`.
        erase,       ///< Deletes that stream.
        tombstone,   ///< Ends that stream for ever.
        compact,     ///< Gives back the space of what was removed.
        checkpoint,  ///< Checkpoints as another process might, so that the next append begins the WAL again.
        read,        ///< Reads and checks everything.
    };
    kind what;
    std::vector<planned_write> writes = {};
    std::uint32_t number = 0;
    stele::version before = {};
};

/// Whether a step of that kind writes to the store.
bool is_write(step::kind kind);

/// A request to the store, and the answer.
struct attempt {
    enum class answer : std::uint8_t { none, accepted, refused };

    step::kind what;
    append_key key;
    std::vector<planned_write> writes;
    stele::version before;           ///< For a removal: what is less than this goes.
    std::size_t began = 0;           ///< On the clock of the history.
    std::size_t ended = 0;           ///< The same; the answer was there.
    answer answered = answer::none;  ///< None: it threw, so it may have been done or not.
    std::vector<stele::append_result> results = {};

    [[nodiscard]] bool is_removal() const;
    /// The position of the last event, once it is accepted.
    [[nodiscard]] stele::position position() const { return results.back().position; }
};

/// Performs steps and remembers all answers of the store.
class history {
public:
    /// `clock` returns how many changes the disk has seen; `round` makes the event ids differ from those of other
    /// histories.
    history(std::filesystem::path file, stele::sqlite_options options, std::uint32_t round,
            std::function<std::size_t()> clock);

    /// Throws what the store throws, and broken.
    void perform(const step& next);

    [[nodiscard]] bool is_open() const { return store_ != nullptr; }
    [[nodiscard]] const std::vector<attempt>& attempts() const { return attempts_; }
    /// When the store was closed, on the clock.
    [[nodiscard]] const std::vector<std::size_t>& closings() const { return closings_; }

private:
    void append(const step& next);
    void burst(const step& next);
    void repeat(const step& next);
    void remove(const step& next);
    attempt& begin(step::kind what, std::vector<planned_write> writes);

    std::filesystem::path file_;
    stele::sqlite_options options_;
    std::uint32_t round_;
    std::function<std::size_t()> clock_;
    std::unique_ptr<stele::sqlite_store> store_;
    std::vector<attempt> attempts_;
    std::vector<std::size_t> closings_;
};

/// Makes an attempt (again). Returns the results, or nothing if it was refused.
std::optional<std::vector<stele::append_result>> make(stele::event_store& store, const attempt& again);

/// What is known about an interruption: the answers of the store until then, and how much of that must still be there.
struct interruption {
    std::size_t at = ~std::size_t{0};  ///< On the clock: what ended later was not answered yet.
    std::size_t durable_until = at;    ///< What had ended by then must be there.
};

/// Checks the content of a store that was opened after an interruption against what was attempted: everything durable
/// is there, in its place; what was refused or not started is not; and what is missing is a suffix. Throws broken.
void check_content(const store_content& content, const std::vector<attempt>& attempts, const interruption& when);

/// A history of some 40 appends of all kinds, with conflicts, repeats, removals and checkpoints.
std::vector<step> small_history();
/// A short one with appends so large that the store checkpoints by itself and restarts the WAL.
std::vector<step> large_history();
