#include "commands/bus_state.hpp"
#include "commands/receipts.hpp"
#include "commands/unit_slot.hpp"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>
#include <utility>

namespace stele::inline v0::detail {
namespace {

thread_local const unit_of_work* innermost = nullptr;

}  // namespace

struct unit_of_work::state {
    state(std::shared_ptr<bus_state> of, const unit_of_work* self) : bus(std::move(of)), outer(innermost) {
        innermost = self;
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { innermost = outer; }

    std::shared_ptr<bus_state> bus;
    const unit_of_work* outer;
    std::thread::id thread = std::this_thread::get_id();
    unsigned run = 0;
    bool is_busy = false;  // another thread had one of the states
    std::map<std::string, aggregate_cache::lease> leases = {};
    std::deque<unit_slot> slots = {};  // in the order of their first commands
    std::map<std::string, std::size_t, std::less<>> by_stream = {};
    std::vector<planned_receipt> receipts = {};
    std::size_t bytes = 0;
    std::size_t events = 0;
    std::size_t last_slot = 0;

    std::size_t find(const bus_task& task) {
        if (const auto found = by_stream.find(task.stream.str()); found != by_stream.end()) return found->second;
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

    void read(unit_slot& which) const {
        bring_up_to_date(bus->store, which.stream, which.known, {}, bus->options.on_warning);
        which.is_latest = true;
    }

    command_result decide(const bus_task& task, const send_options& options, const metadata& given) {
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

    command_result take(std::size_t at, const bus_task& task, const send_options& options, const any_decision& decision,
                        const metadata& given) {
        auto& target = slots[at];
        auto encoded = encode_events(decision, encode(correlated(given)));
        const bool has_events = !target.events.empty() || !encoded.empty();
        const detail::receipts of_command{bus->store, task.stream, task.command, options};
        auto documents = has_events
                             ? of_command.remember_among(decision, target.reached(), target.begun.version.value == 0)
                             : of_command.remember(decision, target.begun);
        for (auto& document : documents) {
            bytes += document.key.size() + document.value.size();
            receipts.push_back({std::move(document), at, target.events.size() + encoded.size()});
        }
        if (const auto* no = decision.rejection()) return std::unexpected(failed(task, *no, std::max(run, 1U)));
        receipt done{{}, task.stream, false, {}, of_command.value_of(decision)};
        for (const auto& event : encoded) bytes += event.payload.size() + event.metadata.size();
        events += encoded.size();
        target.events.insert(target.events.end(), encoded.begin(), encoded.end());
        done.version = target.reached();
        done.events = std::move(encoded);
        return done;
    }

    /// The receipts of the commands, where `after` events of others follow theirs.
    void add_receipts(std::vector<document_write>& documents, std::size_t after) const {
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
};

unit_of_work::unit_of_work(command_bus_base& bus) : state_(std::make_unique<state>(bus.state_.held(), this)) {}

unit_of_work::~unit_of_work() = default;

void unit_of_work::begin() {
    auto& mine = *state_;
    std::vector<std::string> streams;
    for (const auto& [stream, at] : mine.by_stream) streams.push_back(stream);
    mine.slots.clear();
    mine.by_stream.clear();
    mine.receipts.clear();
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
    std::vector<stream_expectation> expectations;
    for (const auto& each : mine.slots) {
        const auto expected = expected_version::exactly(each.begun.version).nothing_removed_after(each.base);
        if (each.events.empty())
            expectations.push_back({each.stream, expected});
        else
            writes.push_back({each.stream, expected, each.events});
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
        auto appended = mine.bus->store.append(writes, all, expectations);
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
        if (!is_known) continue;
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
    for (const auto* unit = innermost; unit != nullptr; unit = unit->state_->outer)
        if (&unit->state_->bus->store == &store)
            throw error(
                error_kind::invalid_argument,
                "Inside a transaction nothing else can be sent over its store, as that would be stored whatever "
                "becomes of the transaction: send it with the transaction's own send(), or afterwards.");
}

}  // namespace stele::inline v0::detail
