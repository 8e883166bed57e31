#pragma once

#include <stele/commands/middleware.hpp>
#include <stele/eventstore/append_result.hpp>
#include <stele/eventstore/document.hpp>

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0 {

class command_bus_base;
class event_store;

namespace detail {

/// Commands that are decided one after the other and appended together, all or none, with whatever else belongs to
/// them.
///
/// Its first run takes states from the cache of the bus. Each further one, after a conflict, waits for the instances
/// that the last one had, and reads them. Used on one thread.
class unit_of_work {
public:
    /// The bus must outlive it.
    explicit unit_of_work(command_bus_base& bus);
    unit_of_work(const unit_of_work&) = delete;
    unit_of_work& operator=(const unit_of_work&) = delete;
    /// Nothing is appended that was not committed.
    ~unit_of_work();

    /// Begins the first run, or the next one; forgets what was decided.
    void begin();

    /// Decides a command through the middleware of the bus, on what the earlier ones have led to. The receipt has the
    /// version and the events, and no position. A receipt for the key of the command will be written with the events;
    /// one that is there already makes commit() a conflict. Throws as command_bus_base::send().
    [[nodiscard]] command_result send(const google::protobuf::Message& command, const send_options& options);

    /// Whether every state was read in this run, or led to nothing that must be appended.
    [[nodiscard]] bool is_latest() const noexcept;
    /// How many events there are to append, and their bytes with those of receipts.
    [[nodiscard]] std::size_t events() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] event_store& store() const noexcept;

    /// What was appended.
    struct committed {
        stele::position position = {};         ///< As transaction_receipt::position.
        std::vector<receipt> streams = {};     ///< Of the commands: one for each stream that got events.
        std::vector<append_result> more = {};  ///< One for each of the other writes.
    };
    /// Why nothing was appended: another append came first. Without a conflict, this run did not try.
    using refusal = std::optional<conflict>;

    /// Appends what was decided, and after it `more`; and writes `documents`. Throws what the store throws.
    [[nodiscard]] std::expected<committed, refusal> commit(std::span<const stream_write> more = {},
                                                           std::span<const document_write> documents = {});

    /// What commit() will append of the commands, for a receipt: the stream, the version it will have unless it begins
    /// again after a deletion, whether it begins, and how many events come after its last one.
    struct end_of_stream {
        const stream_id& stream;
        stele::version version;
        bool begins;
        std::size_t events_after;
    };
    [[nodiscard]] std::vector<end_of_stream> ends() const;

    /// The last position of the states as they were before.
    [[nodiscard]] stele::position reached() const noexcept;

    /// The full name of the last command for a stream, and the stream; of the last one of all, if there is no such.
    [[nodiscard]] std::pair<std::string, stream_id> last_command(std::string_view stream) const;

    /// Whether commands pass through middleware.
    [[nodiscard]] bool has_middleware() const noexcept;

    /// Where the stream of the last command stands among those of the unit, which is the order of their events.
    [[nodiscard]] std::size_t last_place() const noexcept;

    /// Throws stele::error (invalid_argument) if this thread has a unit of work over this store.
    static void expect_outside(const event_store& store);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace detail
}  // namespace stele::inline v0
