#include "commands/receipts.hpp"
#include "commands/unit_state.hpp"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {

unit_of_work::unit_of_work(command_bus_base& bus) : state_(std::make_unique<state>(bus.state_.held(), this)) {}

unit_of_work::~unit_of_work() = default;

void unit_of_work::begin() {
    auto& mine = *state_;
    std::vector<std::string> streams;
    for (const auto& [stream, at] : mine.by_stream) streams.push_back(stream);
    mine.slots.clear();
    mine.by_stream.clear();
    mine.receipts.clear();
    mine.boundaries.clear();
    mine.order.clear();
    mine.leases.clear();
    mine.is_busy = false;
    mine.bytes = mine.events = mine.last_slot = 0;
    ++mine.run;
    // All wait in the order of names, and hold nothing else: so none of them waits in a circle.
    for (const auto& stream : streams) mine.leases.try_emplace(stream, mine.bus->cache, stream, state_.get(), true);
}

command_result unit_of_work::send(const google::protobuf::Message& command, const send_options& options) {
    auto& mine = *state_;
    if (mine.thread != std::this_thread::get_id())
        throw error(error_kind::invalid_argument,
                    fmt::format("A transaction was used for {} by another thread than the one that runs it: send its "
                                "commands in the function of transact() itself.",
                                command.GetDescriptor()->full_name()));
    const auto& definition = mine.bus->get(command);
    const auto stream = definition.stream(command);
    const bus_task task{command, definition, stream};
    return pass_through(*mine.bus, task, options, true,
                        [&](const metadata& given) { return mine.decide(task, options, given); });
}

bool unit_of_work::is_latest() const noexcept {
    return std::ranges::all_of(state_->slots, &unit_slot::is_latest);
}

std::size_t unit_of_work::events() const noexcept {
    return state_->events;
}
std::size_t unit_of_work::bytes() const noexcept {
    return state_->bytes;
}
bool unit_of_work::has_middleware() const noexcept {
    return !state_->bus->options.middleware.empty();
}
std::size_t unit_of_work::last_place() const noexcept {
    return state_->last_slot;
}
event_store& unit_of_work::store() const noexcept {
    return state_->bus->store;
}

std::vector<unit_of_work::end_of_stream> unit_of_work::ends() const {
    std::vector<end_of_stream> all;
    auto after = state_->events;
    for (const auto& each : state_->slots) {
        if (each.events.empty()) continue;
        after -= each.events.size();
        all.push_back({each.stream, each.reached(), each.begun.version.value == 0, after});
    }
    return all;
}

position unit_of_work::reached() const noexcept {
    position last;
    for (const auto& each : state_->slots) last = std::max(last, each.begun.position);
    return last;
}

std::pair<std::string, stream_id> unit_of_work::last_command(std::string_view stream) const {
    const auto found = state_->by_stream.find(stream);
    const auto& target = state_->slots[found == state_->by_stream.end() ? state_->last_slot : found->second];
    return {target.last_command, target.stream};
}

std::expected<unit_of_work::committed, unit_of_work::refusal> unit_of_work::commit(
    std::span<const stream_write> more, std::span<const document_write> documents) {
    auto& mine = *state_;
    // Whoever has one of the states may well be appending: the next run waits for it.
    if (mine.is_busy && mine.run == 1) return std::unexpected(refusal{});
    std::vector<stream_write> writes;
    std::vector<append_condition> conditions(mine.boundaries.begin(), mine.boundaries.end());
    for (const auto& each : mine.slots) {
        const auto expected = expected_version::exactly(each.begun.version).nothing_removed_after(each.base);
        if (!each.events.empty())
            writes.push_back({each.stream, expected, each.events});
        else if (!each.is_of_models)
            conditions.emplace_back(stream_expectation{each.stream, expected});
    }
    const auto own = writes.size();
    std::size_t after = 0;
    for (const auto& write : more) after += write.events.size();
    writes.insert(writes.end(), more.begin(), more.end());
    std::vector<document_write> all;
    mine.add_receipts(all, after);
    all.insert(all.end(), documents.begin(), documents.end());

    committed done{.position = reached()};
    for (std::size_t i = 0; i < own; ++i) done.streams.push_back({{}, writes[i].stream});
    std::vector<append_result> written;
    done.more.resize(more.size());
    std::vector<taken_snapshot> snapshots;
    snapshots.reserve(mine.slots.size());  // what has been written cannot fail any more
    if (!writes.empty() || !all.empty()) {
        auto appended = mine.bus->store.append(writes, all, conditions);
        if (!appended) return std::unexpected(refusal{std::move(appended.error())});
        written = *std::move(appended);
    }
    std::size_t next = 0;
    for (auto& each : mine.slots) {
        bool is_known = each.known.reached.version.value != 0;
        if (!each.events.empty()) {
            const auto& end = written[next];
            is_known = each.follow(end);
            auto& told = done.streams[next++];
            static_cast<stream_position&>(told) = end;
            told.events = std::move(each.events);
            done.position = std::max(done.position, end.position);
        }
        if (!is_known || each.is_of_models) continue;
        if (auto snapshot = take_due_snapshot(each.stream, each.known, mine.bus->options.on_warning))
            snapshots.push_back(*std::move(snapshot));
        mine.leases.find(each.stream.str())->second.give_back(std::move(each.known));
    }
    std::ranges::copy(std::span(written).last(written.empty() ? 0 : done.more.size()), done.more.begin());
    // Without the leases: the next commands to these instances need not wait for the snapshots.
    mine.leases.clear();
    mine.slots.clear();
    mine.by_stream.clear();
    for (const auto& snapshot : snapshots) write_snapshot(mine.bus->store, snapshot, mine.bus->options.on_warning);
    return done;
}

void unit_of_work::expect_outside(const event_store& store) {
    for (const auto* unit = state::innermost(); unit != nullptr; unit = unit->state_->outer)
        if (&unit->state_->bus->store == &store)
            throw error(
                error_kind::invalid_argument,
                "Inside a transaction nothing else can be sent over its store, as that would be stored whatever "
                "becomes of the transaction: send it with the transaction's own send(), or afterwards.");
}

}  // namespace stele::inline v0::detail
