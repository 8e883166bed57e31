#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace stele {

/// What went wrong, in terms of what the caller can do about it.
enum class error_kind {
    busy,              ///< Another process held the lock for the whole busy timeout. Try again.
    full,              ///< The disk (or a limit of the engine) is full. Make room, reopen, try again.
    io,                ///< Reading, writing or syncing failed. The store refuses writes until it is reopened.
    corrupt,           ///< The file is damaged. Restore a backup.
    format,            ///< Not a file of ours, or of a newer format. Nothing was touched.
    closed,            ///< The store refuses writes after an earlier fault, or the object was stopped.
    invalid_argument,  ///< The caller passed something that can never be accepted. Nothing was done.
    undecodable,       ///< Stored bytes do not parse as the message their type names, or the type is unknown.
};

/// Returns the enumerator's own name, for example "busy".
std::string_view to_string(error_kind kind) noexcept;

/// The one exception family of Stele: a fault, never a business outcome (those are values, see command_bus.hpp).
///
/// The message names the stream, position or file concerned and says what to do.
class error : public std::runtime_error {
public:
    error(error_kind kind, const std::string& message, int engine_code = 0);

    [[nodiscard]] error_kind kind() const noexcept { return kind_; }

    /// The engine's own code (SQLite: the extended result code); 0 when the fault is not the engine's.
    [[nodiscard]] int engine_code() const noexcept { return engine_code_; }

private:
    error_kind kind_;
    int engine_code_;
};

}  // namespace stele
