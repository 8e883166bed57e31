#pragma once

#include <stele/commands/command_error.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <exception>
#include <expected>
#include <optional>
#include <vector>

namespace google::protobuf {
class Message;  // NOLINT(readability-identifier-naming)
}  // namespace google::protobuf

/// Several commands to several aggregates, appended together: command_bus::transact().
namespace stele::inline v0 {

class command_bus_base;
namespace detail {
class unit_of_work;
}  // namespace detail

/// The result of a transaction.
struct transaction_receipt {
    /// The last event that was appended; if there was none, the last one of the states that the commands were decided
    /// on. A read model whose checkpoint has reached it shows the effect of all commands.
    stele::position position = {};
    /// The transaction was committed before with the same idempotency key; nothing was decided and nothing written now.
    bool repeated = false;
    /// One for each stream that got events, in the order of their first events: where it ends now, and its events
    /// (none if it is repeated).
    std::vector<receipt> streams = {};
};

/// What a transaction returns: its receipt, or why nothing was appended.
using transaction_result = std::expected<transaction_receipt, command_error>;

/// How to run a transaction.
struct transaction_options {
    /// What the events of all commands carry. The bus adds the cause, if this thread is handling an event, and one
    /// correlation id for all, if there is none.
    stele::metadata metadata = {};
    /// Makes the transaction idempotent as a whole: its receipt is stored under this key together with the events. With
    /// the same key the function is not called again. A rejected transaction is decided again. A key that was used for
    /// a command is an error.
    std::optional<uuid> idempotency_key = {};
};

/// What the function of command_bus::transact() sends its commands to. It is valid during that call, on that thread.
class transaction {
public:
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    /// Decides a command that must be accepted, on the state that the earlier commands of the transaction have led to.
    /// Returns whether it is. If not, the transaction is over: nothing of it will be appended, transact() returns why,
    /// and further commands are not decided, so there is no need to look. The instance must be at the version
    /// `expected`, counted with the events of earlier commands; otherwise that is a conflict.
    ///
    /// Throws as command_bus_base::send() does. The transaction is over then as well, and transact() throws the same,
    /// even if the function catches it.
    bool send(const google::protobuf::Message& command, expected_version expected = expected_version::any());

    /// Decides a command that may be rejected: the transaction goes on as if it had not been sent. The receipt has the
    /// version and the events that there will be, and no position. Throws as send() does. If the transaction is over,
    /// it returns why.
    [[nodiscard]] std::expected<receipt, command_error> try_send(const google::protobuf::Message& command,
                                                                 expected_version expected = expected_version::any());

protected:
    /// For the bus.
    transaction(detail::unit_of_work& unit, const stele::metadata& metadata) : unit_(unit), metadata_(metadata) {}
    ~transaction() = default;

private:
    friend class command_bus_base;

    detail::unit_of_work& unit_;
    const stele::metadata& metadata_;
    std::optional<command_error> refused_ = {};
    std::exception_ptr fault_ = {};
};

}  // namespace stele::inline v0
