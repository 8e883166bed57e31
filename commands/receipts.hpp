#pragma once

#include <stele/aggregates/aggregate.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// What is remembered of one command by its id: looked up before it is decided, written together with its events.
/// Does nothing for a command without an id. Refers to what it is made of.
class receipts {
public:
    /// Throws stele::error (invalid_argument) for a nil id, and for a command with an id that holds text that is not
    /// UTF-8.
    receipts(event_store& store, const stream_id& stream, const google::protobuf::Message& command,
             const send_options& options);

    /// Returns what the command led to when it was sent before; nothing if it was not, as far as is known.
    /// Throws stele::error (invalid_argument) if the id was used for another command.
    [[nodiscard]] std::optional<std::expected<receipt, command_error>> recall() const;

    /// The documents to write for a decision that was made at `place`: one, or none if it is not to be remembered.
    [[nodiscard]] std::vector<document_write> remember(const any_decision& decision,
                                                       const stream_position& place) const;

private:
    event_store& store_;
    const stream_id& stream_;
    const google::protobuf::Message& command_;
    const send_options& options_;
    std::string key_;     // empty without an id
    std::string digest_;  // of the command's bytes
};

}  // namespace stele::inline v0::detail
