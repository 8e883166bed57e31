#include <stele/command_bus.hpp>

#include <fmt/format.h>

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

}  // namespace

std::expected<receipt, command_error> run_command(event_store& store, const command_task& task, const metadata& about,
                                                  const command_bus_options& options) {
    const std::string metadata_bytes = encode_correlated(about);
    event_decoder decoder{*task.events};
    stream_place place{};
    for (unsigned attempt = 1;; ++attempt) {
        fold_stream(store, task.stream, place, version::max(), decoder, task.state, task.restart);
        const any_decision decision = task.decide(task.state, *task.command);
        if (const auto* no = decision.rejection())
            return std::unexpected(command_error{name_of(*task.command), task.stream, *no, attempt});
        if (decision.events().empty()) return receipt{task.stream, place.version, place.position};

        const auto events = encode_events(decision, metadata_bytes);
        auto appended = store.append(task.stream, expected_version::exactly(place.version), events);
        if (appended) return receipt{task.stream, appended->version, appended->position};
        if (attempt >= options.attempts || appended.error().why == conflict::reason::tombstoned)
            return std::unexpected(
                command_error{name_of(*task.command), task.stream, std::move(appended.error()), attempt});
    }
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
