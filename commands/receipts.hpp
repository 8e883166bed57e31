#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/commands/transaction.hpp>
#include <stele/eventstore/document.hpp>

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stele::inline v0::detail {

/// The receipt of one command under its idempotency key: looked up before the command is decided, written together with
/// its events. Does nothing for a command without a key. Refers to the arguments of the constructor.
class receipts {
public:
    /// Throws stele::error (invalid_argument) for a nil key, and for a command with a key and a text that is not UTF-8.
    receipts(event_store& store, const stream_id& stream, const google::protobuf::Message& command,
             const send_options& options);

    /// Returns the stored result of the command; nothing if there is none.
    /// Throws stele::error (invalid_argument) if the key was used for a command of another type or for another stream.
    [[nodiscard]] std::optional<std::expected<receipt, command_error>> recall() const;

    /// What the decision answers the sender with. Throws stele::error (invalid_argument) if a receipt cannot hold it,
    /// with or without a key.
    [[nodiscard]] std::optional<returned_value> value_of(const any_decision& decision) const;

    /// The documents to write for a decision made on a state whose last event is `reached`: one, or none if the
    /// decision is not remembered.
    [[nodiscard]] std::vector<document_write> remember(const any_decision& decision,
                                                       const stream_position& reached) const;

    /// The same for a command among several in one append, decided at `reached`; `begins`: its stream begins in that
    /// append. Complete when add_place() was called.
    [[nodiscard]] std::vector<document_write> remember_among(const any_decision& decision, version reached,
                                                             bool begins) const;
    /// The same for a command that is appended at the end of a stream, whatever its version, and was decided on events
    /// up to `reached`. The version is that of its last event, looked up when the receipt is recalled.
    [[nodiscard]] std::vector<document_write> remember_at_end(const any_decision& decision, position reached) const;
    /// Adds how many events of the append come after those of the command.
    static void add_place(document_write& receipt, std::size_t events_after);

    /// Writes the receipt again with the version that the store gave to the last event, if it was not to be known
    /// before: a stream that was deleted and begins again counts on. A failure is harmless: recall() looks at the
    /// event.
    void correct(const any_decision& decision, const stream_position& reached,
                 const stream_position& written) const noexcept;

private:
    [[nodiscard]] std::vector<document_write> remember(const any_decision& decision, version end, bool begins,
                                                       std::optional<position> at) const;

    event_store& store_;
    const stream_id& stream_;
    const google::protobuf::Message& command_;
    const send_options& options_;
    std::string key_;     // empty: no key
    std::string digest_;  // of the command's bytes
};

/// The document of the receipt of a transaction: what it will append, or where the states are if that is nothing.
/// Throws stele::error (invalid_argument) for a nil key.
document_write transaction_receipt_document(const uuid& key, std::span<const unit_of_work::end_of_stream> ends,
                                            position reached);

/// Writes the receipt of a transaction again with the versions that the store gave, if one was not to be known before:
/// see receipts::correct().
void correct_transaction(event_store& store, const uuid& key, std::span<const unit_of_work::end_of_stream> expected,
                         std::span<const receipt> written) noexcept;

/// Returns the receipt that is stored under the key; nothing if there is none. Throws stele::error (invalid_argument)
/// if the key was used for a command.
std::optional<transaction_receipt> recall_transaction(event_store& store, const uuid& key);

}  // namespace stele::inline v0::detail
