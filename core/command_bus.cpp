#include "core/aggregate_cache.hpp"

#include <stele/command_bus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace stele::detail {
namespace {

const std::string& name_of(const google::protobuf::Message& message) {
    return message.GetDescriptor()->full_name();
}

/// The bytes that all events of one command share.
std::string encode_correlated(metadata about) {
    if (about.correlation_id.empty()) about.correlation_id = uuid::v7().str();
    return encode(about);
}

std::vector<event_data> encode_events(const any_decision& decision, const std::string& metadata_bytes) {
    std::vector<event_data> events;
    events.reserve(decision.events().size());
    for (const auto& event : decision.events()) events.push_back(encode_event(*event, metadata_bytes));
    return events;
}

/// Brings the state to where the command has brought the stream. It is no fault of the command if that cannot be done:
/// the state is forgotten, and who loads it next will get the error.
bool follow(any_aggregate& known, const std::vector<event_data>& events, const append_result& appended) noexcept {
    try {
        if (appended.repeated) return false;
        fold_appended(known, events, {appended.version, appended.position});
        return true;
    } catch (...) {
        return false;
    }
}

/// `known` has been loaded before, or not yet; afterwards it is what the stream folds to, or nothing.
std::expected<receipt, command_error> decide_and_append(event_store& store, std::optional<any_aggregate>& known,
                                                        const command_task& task, const metadata& about,
                                                        const command_bus_options& options) {
    const std::string metadata_bytes = encode_correlated(about);
    // Attempt 0 is on the state as it was kept. Only an append can tell whether that is the latest.
    unsigned attempt = known ? 0 : 1;
    if (!known) known.emplace(*task.aggregate);
    for (;; ++attempt) {
        if (attempt > 0) bring_up_to_date(store, task.stream, *known);
        const any_decision decision = task.decide(known->state(), *task.command);
        if (decision.events().empty() && attempt == 0) continue;
        if (const auto* no = decision.rejection())
            return std::unexpected(command_error{name_of(*task.command), task.stream, *no, attempt});
        if (decision.events().empty()) return receipt{task.stream, known->place.version, known->place.position};

        const auto events = encode_events(decision, metadata_bytes);
        auto appended = store.append(task.stream, expected_version::exactly(known->place.version), events);
        if (appended) {
            if (!follow(*known, events, *appended)) known.reset();
            return receipt{task.stream, appended->version, appended->position};
        }
        if (attempt >= options.attempts || appended.error().why == conflict::reason::tombstoned)
            return std::unexpected(
                command_error{name_of(*task.command), task.stream, std::move(appended.error()), std::max(attempt, 1U)});
    }
}

}  // namespace

std::shared_ptr<aggregate_cache> make_aggregate_cache(const command_bus_options& options) {
    return std::make_shared<aggregate_cache>(options.cached_aggregates);
}

std::expected<receipt, command_error> run_command(event_store& store, aggregate_cache& cache, const command_task& task,
                                                  const metadata& about, const command_bus_options& options) {
    aggregate_cache::turn turn{cache, task.stream};
    auto known = turn.take();
    auto result = decide_and_append(store, known, task, about, options);
    if (known && known->place.version.value != 0) turn.give_back(*std::move(known));
    return result;
}

stream_id target_stream(const google::protobuf::Message& command, std::string_view category, std::string_view id) {
    try {
        return stream_id{category, id};
    } catch (const error& e) {
        throw error(e.kind(), fmt::format("The command {} does not name a target: {}", name_of(command), e.what()));
    }
}

void check_options(const command_bus_options& options) {
    if (options.attempts == 0)
        throw error(error_kind::invalid_argument,
                    "command_bus_options::attempts is 0: a command must be decided at least once.");
}

}  // namespace stele::detail
