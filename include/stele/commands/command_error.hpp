#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/eventstore/event_store.hpp>

#include <string>
#include <utility>
#include <variant>

namespace stele::inline v0 {

/// Why a command came to nothing: the business rejected it, or others kept being first. Nothing was appended.
///
///     if (const auto* no = result.error().rejection()) std::cerr << no->code << '\n';
///     std::cerr << result.error().message() << '\n';
///
/// A value, copied and moved like one. Faults (the disk is full, an event cannot be read) are not here: they are
/// thrown as stele::error.
class command_error {
public:
    /// For those who run commands. `attempts` tells how often the command was decided.
    command_error(std::string command, stream_id stream, std::variant<stele::rejection, stele::conflict> reason,
                  unsigned attempts)
        : command_(std::move(command)), stream_(std::move(stream)), reason_(std::move(reason)), attempts_(attempts) {}

    /// The rejection, or nullptr if this is a conflict. Sending the command again gives the same until the state of
    /// the aggregate has changed.
    [[nodiscard]] const stele::rejection* rejection() const noexcept { return std::get_if<stele::rejection>(&reason_); }

    /// The conflict of the last attempt, or nullptr if this is a rejection. The command may well be sent again.
    [[nodiscard]] const stele::conflict* conflict() const noexcept { return std::get_if<stele::conflict>(&reason_); }

    /// The full name of the command, for example "bank.WithdrawMoney".
    [[nodiscard]] const std::string& command() const noexcept { return command_; }

    /// The stream of the aggregate instance that the command was for.
    [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }

    /// How many times the command was decided on a state that was read for it: more than 1 after conflicts, 0 if this
    /// is the remembered rejection of a command that had been sent before with the same id, or one by a middleware.
    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }

    /// One sentence for people: which command for which stream, and why not.
    [[nodiscard]] std::string message() const;

private:
    std::string command_;
    stream_id stream_;
    std::variant<stele::rejection, stele::conflict> reason_;
    unsigned attempts_;
};

}  // namespace stele::inline v0
