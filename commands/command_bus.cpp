#include "commands/aggregate_cache.hpp"
#include "commands/receipts.hpp"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/causation.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace stele::inline v0::detail {
namespace {

const std::string& name_of(const google::protobuf::Message& message) {
    return message.GetDescriptor()->full_name();
}

/// What all events of one command say about it.
metadata correlated(metadata about) {
    add_causation(about);
    if (about.correlation_id.empty()) about.correlation_id = uuid::v7().str();
    return about;
}

std::vector<event_data> encode_events(const any_decision& decision, const std::string& metadata_bytes) {
    std::vector<event_data> events;
    events.reserve(decision.events().size());
    for (const auto& event : decision.events()) events.push_back(encode_event(*event, metadata_bytes));
    return events;
}

/// Brings the state to where the command has brought the stream. It is no fault of the command if that cannot be done:
/// the state is forgotten, and who loads it next will get the error.
bool follow(any_aggregate& known, const std::vector<event_data>& events, const stream_position& now) noexcept {
    try {
        fold_appended(known, events, now);
        return true;
    } catch (...) {
        return false;
    }
}

/// Writes both in one append, and returns where the stream is then.
std::expected<stream_position, conflict> write(event_store& store, const stream_id& stream,
                                               const stream_position& place, const std::vector<event_data>& events,
                                               const std::vector<document_write>& documents) {
    if (events.empty() && documents.empty()) return place;
    const stream_write write{stream, expected_version::exactly(place.version), events};
    const auto appended = store.append(std::span(&write, events.empty() ? 0 : 1), documents);
    if (!appended) return std::unexpected(appended.error());
    if (events.empty()) return place;
    return stream_position{appended->back().version, appended->back().position};
}

/// `known` has been loaded before, or not yet; afterwards it is what the stream folds to, or nothing.
std::expected<receipt, command_error> decide_and_append(event_store& store, std::optional<any_aggregate>& known,
                                                        const command_task& task, const receipts& memory,
                                                        const metadata& about, const command_bus_options& options) {
    const std::string metadata_bytes = encode(correlated(about));
    // Attempt 0 is on the state as it was kept. Only an append can tell whether that is the latest.
    unsigned attempt = known ? 0 : 1;
    if (!known) known.emplace(*task.aggregate);
    for (;; ++attempt) {
        if (attempt > 0) bring_up_to_date(store, task.stream, *known, {}, options.on_warning);
        const any_decision decision = task.decide(known->state(), *task.command);
        if (decision.events().empty() && attempt == 0) continue;
        const auto events = encode_events(decision, metadata_bytes);
        const auto documents = memory.remember(decision, known->place);
        auto written = write(store, task.stream, known->place, events, documents);
        if (const auto* no = decision.rejection(); no != nullptr && written) {
            // What stands in the way of a command may be what it did itself, sent by somebody else since it was looked
            // up. A rejection that was written shows that it was not.
            if (documents.empty())
                if (auto earlier = memory.recall()) return *std::move(earlier);
            return std::unexpected(command_error{name_of(*task.command), task.stream, *no, attempt});
        }
        if (written) {
            if (!events.empty() && !follow(*known, events, *written)) known.reset();
            return receipt{task.stream, written->version, written->position};
        }
        if (auto earlier = memory.recall()) return *std::move(earlier);
        if (attempt >= options.attempts || written.error().reason == conflict_reason::tombstoned)
            return std::unexpected(
                command_error{name_of(*task.command), task.stream, std::move(written.error()), std::max(attempt, 1U)});
    }
}

command_result run_command(const bus_core& bus, const command_task& task, const metadata& about,
                           const send_options& how) {
    const receipts memory{*bus.store, task.stream, *task.command, how};
    if (auto earlier = memory.recall()) return *std::move(earlier);
    std::optional<document_write> snapshot;
    auto result = [&] {
        aggregate_cache::turn turn{*bus.cache, task.stream};
        auto known = turn.take();
        auto decided = decide_and_append(*bus.store, known, task, memory, about, bus.options);
        if (known && known->place.version.value != 0) {
            snapshot = take_due_snapshot(task.stream, *known, bus.options.on_warning);
            turn.give_back(*std::move(known));
        }
        return decided;
    }();
    // Those who wait for their turn need not wait for this.
    if (snapshot) write_snapshot(*bus.store, *snapshot, bus.options.on_warning);
    return result;
}

}  // namespace

bus_core make_bus_core(event_store& store, const command_bus_options& options) {
    if (options.attempts == 0)
        throw error(error_kind::invalid_argument,
                    "command_bus_options::attempts is 0: a command must be decided at least once.");
    return {&store, options, std::make_shared<aggregate_cache>(options.cached_aggregates), {}};
}

command_result send_command(const bus_core& bus, const command_task& task, const metadata& about,
                            const send_options& how) {
    if (bus.around.empty()) return run_command(bus, task, about, how);
    const auto last = [&](const sent_command& command) { return run_command(bus, task, command.about, how); };
    using last_type = decltype(last);
    sent_command command{.message = *task.command, .stream = task.stream, .how = how, .about = correlated(about)};
    return next_step{
        bus.around,
        [](const void* step, const sent_command& sent) { return (*static_cast<const last_type*>(step))(sent); },
        &last}(command);
}

stream_id target_stream(const google::protobuf::Message& command, std::string_view category, std::string_view id) {
    try {
        return stream_id{category, id};
    } catch (const error& e) {
        throw error(e.kind(), fmt::format("The command {} does not name a target: {}", name_of(command), e.what()));
    }
}

}  // namespace stele::inline v0::detail
