#pragma once

#include "commands/bus_state.hpp"
#include "commands/unit_slot.hpp"

#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/append_condition.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// What a unit of work has read and decided so far.
struct unit_of_work::state {
    state(std::shared_ptr<bus_state> of, const unit_of_work* self);
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state();

    /// The unit of work that this thread has begun last; null if there is none.
    static const unit_of_work* innermost() noexcept;

    /// The slot of the instance that a command is for.
    std::size_t find(const bus_task& task);
    /// A stream to which models have written is also that of an aggregate.
    void adopt(unit_slot& which, const bus_task& task);
    /// The slot of a stream that a model writes to. It expects the version that is there now, so that the receipts of
    /// the run can tell versions.
    std::size_t find_stream(const bus_task& task, position reached);
    void read(unit_slot& which) const;

    command_result decide(const bus_task& task, const send_options& options, const metadata& given);
    /// Decides on what is stored and on what the earlier commands have led to.
    command_result decide_model(const bus_task& task, const send_options& options, const metadata& given);
    command_result take(std::size_t at, const bus_task& task, const send_options& options, const any_decision& decision,
                        const metadata& given);
    /// The receipts of the commands, where `after` events of others follow theirs.
    void add_receipts(std::vector<document_write>& documents, std::size_t after) const;

    std::shared_ptr<bus_state> bus;
    const unit_of_work* outer;
    std::thread::id thread = std::this_thread::get_id();
    unsigned run = 0;
    bool is_busy = false;  // another thread had one of the states
    std::map<std::string, aggregate_cache::lease> leases = {};
    std::deque<unit_slot> slots = {};  // in the order of their first commands
    std::map<std::string, std::size_t, std::less<>> by_stream = {};
    std::vector<planned_receipt> receipts = {};
    std::vector<no_event> boundaries = {};                        // of the decision models
    std::vector<std::pair<std::size_t, std::size_t>> order = {};  // slot and index of each event, as decided
    std::size_t bytes = 0;
    std::size_t events = 0;
    std::size_t last_slot = 0;
};

}  // namespace stele::inline v0::detail
