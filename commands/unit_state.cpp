#include "commands/unit_state.hpp"

#include "commands/model_turn.hpp"
#include "commands/receipts.hpp"

#include <stele/aggregates/detail/any_model.hpp>
#include <stele/eventstore/event_store.hpp>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {
namespace {

thread_local const unit_of_work* last_begun = nullptr;

}  // namespace

unit_of_work::state::state(std::shared_ptr<bus_state> of, const unit_of_work* self)
    : bus(std::move(of)), outer(last_begun) {
    last_begun = self;
}

unit_of_work::state::~state() {
    last_begun = outer;
}

const unit_of_work* unit_of_work::state::innermost() noexcept {
    return last_begun;
}

std::size_t unit_of_work::state::find(const bus_task& task) {
    if (const auto found = by_stream.find(task.stream.str()); found != by_stream.end()) {
        if (slots[found->second].is_of_models) adopt(slots[found->second], task);
        return found->second;
    }
    // Holding nothing it may wait; otherwise it might wait for one that waits for it.
    const auto [lease, added] =
        leases.try_emplace(task.stream.str(), bus->cache, task.stream.str(), this, leases.empty());
    is_busy = is_busy || lease->second.is_busy();
    auto kept = lease->second.take();
    const bool is_kept = kept.has_value();
    unit_slot found{task.stream, is_kept ? *std::move(kept) : any_aggregate{*task.definition.aggregate}};
    if (!is_kept || run > 1) read(found);
    found.begin_here();
    slots.push_back(std::move(found));
    by_stream.emplace(task.stream.str(), slots.size() - 1);
    return slots.size() - 1;
}

void unit_of_work::state::adopt(unit_slot& which, const bus_task& task) {
    leases.try_emplace(task.stream.str(), bus->cache, task.stream.str(), this, leases.empty());
    which.known = any_aggregate{*task.definition.aggregate};
    which.is_of_models = false;
    read(which);
    which.begin_here();
}

std::size_t unit_of_work::state::find_stream(const bus_task& task, position reached) {
    if (const auto found = by_stream.find(task.stream.str()); found != by_stream.end()) return found->second;
    unit_slot added{task.stream, any_aggregate{no_aggregate()}};
    added.begun = {bus->store.stream_version(task.stream), reached};
    added.base = (version::max)();
    added.is_latest = added.is_of_models = true;
    slots.push_back(std::move(added));
    by_stream.emplace(task.stream.str(), slots.size() - 1);
    return slots.size() - 1;
}

command_result unit_of_work::state::decide_model(const bus_task& task, const send_options& options,
                                                 const metadata& given) {
    expect_no_version(task, options);
    const auto head = bus->store.head();
    any_model model{*task.definition.model, task.definition.scope, task.command};
    model.read(bus->store, head);
    for (const auto& [at, index] : order) {
        const auto& from = slots[at];
        model.fold(as_recorded(from.events[index], from.stream.str(), {{from.begun.version.value + index + 1}, {}}));
    }
    boundaries.push_back({model.boundary(), head});
    const any_decision decision = task.definition.decide(model.state(), task.command);
    last_slot = find_stream(task, model.reached);
    slots[last_slot].last_command = task.command.GetDescriptor()->full_name();
    return take(last_slot, task, options, decision, given);
}

void unit_of_work::state::read(unit_slot& which) const {
    bring_up_to_date(bus->store, which.stream, which.known, {}, bus->options.on_warning);
    which.is_latest = true;
}

command_result unit_of_work::state::decide(const bus_task& task, const send_options& options, const metadata& given) {
    if (task.definition.model != nullptr) return decide_model(task, options, given);
    const auto at = find(task);
    auto& target = slots[at];
    target.last_command = task.command.GetDescriptor()->full_name();
    last_slot = at;
    target.fold();
    while (true) {
        const bool may_be_old = !target.is_latest && target.events.empty();
        const auto read_again = [&] {
            read(target);
            target.begin_here();
        };
        if (!options.expected.accepts(target.reached())) {
            if (may_be_old) {
                read_again();
                continue;
            }
            return std::unexpected(
                failed(task, conflict{task.stream, options.expected, target.reached()}, std::max(run, 1U)));
        }
        const any_decision decision = task.definition.decide(target.known.state(), task.command);
        if (decision.events().empty() && may_be_old) {
            read_again();
            continue;
        }
        if (decision.events().empty() && target.events.empty())
            if (auto closed = closed_stream(bus->store, task.stream, target.reached()))
                return std::unexpected(failed(task, *std::move(closed), std::max(run, 1U)));
        return take(at, task, options, decision, given);
    }
}

command_result unit_of_work::state::take(std::size_t at, const bus_task& task, const send_options& options,
                                         const any_decision& decision, const metadata& given) {
    auto& target = slots[at];
    auto encoded = encode_events(decision, encode(correlated(given)));
    const bool has_events = !target.events.empty() || !encoded.empty();
    const detail::receipts of_command{bus->store, task.stream, task.command, options};
    auto documents = has_events ? of_command.remember_among(decision, target.reached(), target.begun.version.value == 0)
                                : of_command.remember(decision, target.begun);
    for (auto& document : documents) {
        bytes += document.key.size() + document.value.size();
        receipts.push_back({std::move(document), at, target.events.size() + encoded.size()});
    }
    if (const auto* no = decision.rejection()) return std::unexpected(failed(task, *no, std::max(run, 1U)));
    receipt done{{}, task.stream, false, {}, of_command.value_of(decision)};
    for (const auto& event : encoded) bytes += event.size_bytes();
    events += encoded.size();
    for (std::size_t i = 0; i < encoded.size(); ++i) order.emplace_back(at, target.events.size() + i);
    target.events.insert(target.events.end(), encoded.begin(), encoded.end());
    done.version = target.reached();
    done.events = std::move(encoded);
    return done;
}

void unit_of_work::state::add_receipts(std::vector<document_write>& documents, std::size_t after) const {
    std::vector<std::size_t> behind(slots.size());
    for (auto i = slots.size(); i-- > 0;) {
        behind[i] = after;
        after += slots[i].events.size();
    }
    for (const auto& each : receipts) {
        const auto& target = slots[each.slot];
        documents.push_back(each.document);
        if (each.events > 0)
            receipts::add_place(documents.back(), behind[each.slot] + target.events.size() - each.events);
    }
}

}  // namespace stele::inline v0::detail
