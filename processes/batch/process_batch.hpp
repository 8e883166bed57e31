#pragma once

#include "processes/journal/process_deadlines.hpp"
#include "processes/journal/process_journal.hpp"

#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/event_store.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

class process_step;

/// The event in progress cannot be part of the batch. Never leaves process_worker.
struct not_in_batch {
    bool may_begin_one = false;  ///< It can be part of a batch if nothing comes before it.
};

/// Turns of a process that are written by one append: the events of their commands, the receipts, the entries of the
/// journals, the deadlines and the checkpoint, all or none.
class process_batch {
public:
    explicit process_batch(command_bus_base& bus);

    /// Whether commands can be decided in a batch: commands and journals are in the same store, and there is no
    /// middleware, which may act on the result of a command, and expects that it is stored then.
    [[nodiscard]] bool is_possible(const event_store& store) const noexcept {
        return &unit_.store() == &store && !unit_.has_middleware();
    }

    /// Begins, or begins again with nothing.
    void begin();

    /// Decides a command of a turn. Throws not_in_batch for a conflict, if the batch becomes too large, and if its
    /// events would stand before those of an earlier command of this journal.
    [[nodiscard]] command_result send(const stream_id& journal, const google::protobuf::Message& command,
                                      const send_options& options);

    /// Takes out an instance that had a turn in this batch; nothing if it had none.
    [[nodiscard]] std::optional<process_instance> take(const stream_id& journal);
    /// Puts back what was taken.
    void keep(const stream_id& journal, process_instance instance);
    /// Puts an instance in, and what its turn writes.
    void add(const stream_id& journal, process_instance instance, process_step& step);

    /// No turn should be added: it is large, or has taken long.
    [[nodiscard]] bool is_full() const;
    /// Whether no instance had a turn.
    [[nodiscard]] bool is_empty() const noexcept { return journals_.empty(); }
    /// Whether a turn wrote something.
    [[nodiscard]] bool has_writes() const noexcept;

    /// Appends all of it, with the checkpoint. Returns whether it did; not if something came first. Throws what the
    /// store throws.
    [[nodiscard]] bool commit(document_write checkpoint);

    /// The instances, as they are after the commit, and the deadlines that were set.
    [[nodiscard]] std::vector<std::pair<stream_id, process_instance>> take_all();
    [[nodiscard]] const std::vector<due_deadline>& set_deadlines() const noexcept { return set_deadlines_; }

private:
    struct open_journal {
        stream_id stream;
        std::optional<process_instance> instance = {};
        expected_version expected = expected_version::any();
        std::vector<event_data> entries = {};
    };

    unit_of_work unit_;
    std::chrono::steady_clock::time_point begun_ = {};
    std::vector<open_journal> journals_ = {};
    std::map<std::string, std::size_t, std::less<>> by_stream_ = {};
    std::vector<document_write> documents_ = {};
    std::map<std::pair<std::string, std::string>, std::size_t> by_key_ = {};
    std::vector<due_deadline> set_deadlines_ = {};
    std::map<std::string, std::size_t, std::less<>> last_place_ = {};  // by journal: of its last command with events
    std::size_t bytes_ = 0;
    std::size_t events_ = 0;
};

}  // namespace stele::inline v0::detail
