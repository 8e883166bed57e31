#pragma once

#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/rejection.hpp>
#include <stele/eventstore/stream.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace stele::inline v0 {

/// Why a command failed: rejected by the domain, or out of retries after conflicts. Nothing was appended.
///
///     if (const auto* no = result.error().rejection()) std::cerr << no->code << '\n';
///     std::cerr << result.error().message() << '\n';
///
/// A copyable value. What the functions return refers to it, so they cannot be called on a temporary. Faults (the disk
/// is full, an event cannot be read) are not here: they are thrown as stele::error.
class command_error {
public:
    /// For code that runs commands. `attempts` is how many times the command was decided.
    command_error(std::string command, stream_id stream, std::variant<stele::rejection, stele::conflict> reason,
                  unsigned attempts)
        : command_(std::move(command)), stream_(std::move(stream)), reason_(std::move(reason)), attempts_(attempts) {}

    /// The rejection, or nullptr if this is a conflict. The same command is rejected again until the state of the
    /// aggregate changes.
    [[nodiscard]] const stele::rejection* rejection() const& noexcept {
        return std::get_if<stele::rejection>(&reason_);
    }
    /// The same by value, of a temporary: `bus.send(command).error().rejection()->code`.
    [[nodiscard]] std::optional<stele::rejection> rejection() const&& { return find<stele::rejection>(); }

    /// The conflict of the last attempt, or nullptr if this is a rejection. The command may be sent again.
    [[nodiscard]] const stele::conflict* conflict() const& noexcept { return std::get_if<stele::conflict>(&reason_); }
    /// The same by value, of a temporary.
    [[nodiscard]] std::optional<stele::conflict> conflict() const&& { return find<stele::conflict>(); }

    /// The full name of the command, for example "bank.WithdrawMoney".
    [[nodiscard]] const std::string& command() const& noexcept { return command_; }
    /// The same by value, of a temporary.
    [[nodiscard]] std::string command() && { return std::move(command_); }

    /// The stream of the aggregate instance that the command was for.
    [[nodiscard]] const stream_id& stream() const& noexcept { return stream_; }
    /// The same by value, of a temporary.
    [[nodiscard]] stream_id stream() && { return std::move(stream_); }

    /// How many times the command was decided on a state read for it: more than 1 after conflicts, 0 for the remembered
    /// rejection of a repeated command and for one by a middleware.
    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }

    /// One sentence for people: which command for which stream, and why not.
    [[nodiscard]] std::string message() const;

private:
    template <class Reason>
    [[nodiscard]] std::optional<Reason> find() const {
        const auto* found = std::get_if<Reason>(&reason_);
        return found == nullptr ? std::nullopt : std::optional{*found};
    }

    std::string command_;
    stream_id stream_;
    std::variant<stele::rejection, stele::conflict> reason_;
    unsigned attempts_;
};

}  // namespace stele::inline v0
