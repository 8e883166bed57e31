#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// What went wrong, in terms of what the caller can do about it.
enum class error_kind {
    busy,                 ///< Another process held the lock for the whole busy timeout. Try again.
    full,                 ///< The disk (or a limit of the engine) is full. Make room, reopen, try again.
    io,                   ///< Reading, writing or syncing failed. The store refuses writes until it is reopened.
    unavailable,          ///< The outcome is unknown. Repeat the call with the same ids; it is idempotent.
    corrupt,              ///< The file is damaged. Restore a backup.
    closed,               ///< The store refuses writes after an earlier fault, or the object was stopped.
    read_only,            ///< The store was opened to read it only. Nothing was done; open it to write.
    foreign_file,         ///< Not a file of ours. It was left untouched; check the name.
    newer_format,         ///< Written by a newer version of Stele. It was left untouched; use that version.
    needs_upgrade,        ///< A store of an earlier format. It was left untouched; open it with sqlite_store::open.
    other_store,          ///< The file follows another store, or this store was restored to an earlier state.
    needs_rebuild,        ///< The projection has changed since its read model was built. Rebuild it.
    needs_projection,     ///< The store has an inline projection that this process has not added. Add it, or remove it.
    needs_tagging,        ///< Stored events still lack tags that the query names. Let tag_stored_events() finish.
    rejected,             ///< A rule of an inline projection rejects the append. See append_rejected.
    incompatible_schema,  ///< This program's messages cannot read events that are stored.
    invalid_argument,     ///< The caller passed something that is never accepted. Nothing was done.
    undecodable,          ///< Stored bytes do not parse as the message their type names, or the type is unknown.
    handler_failed,       ///< The caller's own handler threw an exception that is no stele::error; it is nested.
};

/// Returns the enumerator's own name, for example "busy".
std::string_view to_string(error_kind kind) noexcept;

/// The one exception family of Stele: a fault, never a business outcome (those are values, see command_bus.hpp).
///
/// The message names the stream, position or file concerned and says what to do.
///
/// No function of Stele throws another one, but for two: std::bad_alloc, where there is no memory (SQLite reports its
/// own want of it as `io`), and what a function of yours throws, which passes through unchanged where it is called for
/// one command or one call, and is nested in `handler_failed` where it handles an event.
class error : public std::runtime_error {
public:
    /// `message` is what what() returns.
    error(error_kind kind, const std::string& message, int engine_code = 0);

    /// What the caller can do about it.
    [[nodiscard]] error_kind kind() const noexcept { return kind_; }

    /// The engine's own code (SQLite: the extended result code); 0 when the fault is not the engine's.
    [[nodiscard]] int engine_code() const noexcept { return engine_code_; }

private:
    error_kind kind_;
    int engine_code_;
};

}  // namespace stele::inline v0
