#include "commands/bus_state.hpp"
#include "commands/model_turn.hpp"
#include "commands/receipts.hpp"

#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/codec/detail/json_text.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/rejection.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace stele::inline v0 {

namespace {

using detail::any_aggregate;
using detail::any_decision;
using detail::command_definition;
using detail::receipts;
using google::protobuf::Message;

using detail::bus_task;
using detail::correlated;
using detail::failed;

/// Folds the new events into the state. If that fails, the command has succeeded nevertheless: the state is forgotten,
/// and the next load reports the error.
bool follow(any_aggregate& known, const std::vector<event_data>& events, const stream_position& end) noexcept {
    try {
        fold_appended(known, events, end);
        return true;
    } catch (...) {
        return false;
    }
}

/// Writes both in one append, and returns where the stream ends then.
std::expected<stream_position, conflict> write(event_store& store, const stream_id& stream, const any_aggregate& state,
                                               const std::vector<event_data>& events,
                                               const std::vector<document_write>& documents) {
    const auto& known = state.reached;
    if (events.empty() && documents.empty()) return known;
    // A state of events that were removed meanwhile is not what a load gives any more.
    const stream_write write{stream, expected_version::exactly(known.version).nothing_removed_after(state.base),
                             events};
    const auto appended = store.append(std::span(&write, events.empty() ? 0 : 1), documents);
    if (!appended) return std::unexpected(appended.error());
    if (events.empty()) return known;
    return stream_position{appended->back().version, appended->back().position};
}

/// A rule of an inline projection rejected what the aggregate accepted.
command_result reject(event_store& store, const bus_task& task, const receipts& receipts, const rejection& reason,
                      const any_aggregate& known, unsigned attempts) {
    // What stands in the way may be the effect of this very command, sent by somebody else since recall().
    if (auto earlier = receipts.recall()) return *std::move(earlier);
    const auto documents = receipts.remember(any_decision{reason}, known.reached);
    if (!documents.empty() && !store.append({}, documents))
        if (auto earlier = receipts.recall()) return *std::move(earlier);
    return std::unexpected(failed(task, reason, attempts));
}

/// `known` was loaded before, or is empty; afterwards it is the state at the end of the stream, or empty.
command_result decide_and_append(event_store& store, std::optional<any_aggregate>& known, const bus_task& task,
                                 const receipts& receipts, const metadata& given, expected_version expected,
                                 const command_bus_options& options) {
    const std::string metadata_bytes = encode(correlated(given));
    // Attempt 0 is on the cached state. Only an append can tell whether that is the latest.
    unsigned attempt = known ? 0 : 1;
    if (!known) known.emplace(*task.definition.aggregate);
    for (;; ++attempt) {
        if (attempt > 0) bring_up_to_date(store, task.stream, *known, {}, options.on_warning);
        if (!expected.accepts(known->reached.version)) {
            if (attempt == 0) continue;  // the cached state may be an old one
            if (auto earlier = receipts.recall()) return *std::move(earlier);
            return std::unexpected(failed(task, conflict{task.stream, expected, known->reached.version}, attempt));
        }
        const any_decision decision = task.definition.decide(known->state(), task.command);
        if (decision.events().empty()) {
            if (attempt == 0) continue;
            if (auto closed = detail::closed_stream(store, task.stream, known->reached.version))
                return std::unexpected(failed(task, *std::move(closed), attempt));
        }
        auto events = encode_events(decision, metadata_bytes);
        const auto documents = receipts.remember(decision, known->reached);
        receipt done{{}, task.stream};  // made before: what has been written cannot fail any more
        done.returned = receipts.value_of(decision);
        std::expected<stream_position, conflict> written;
        try {
            written = write(store, task.stream, *known, events, documents);
        } catch (const append_rejected& refused) {
            return reject(store, task, receipts, refused.rejection(), *known, attempt);
        }
        if (const auto* no = decision.rejection(); no != nullptr && written) {
            // The obstacle may be the effect of this very command, sent by somebody else since recall(). A rejection
            // that was written shows that it is not.
            if (documents.empty())
                if (auto earlier = receipts.recall()) return *std::move(earlier);
            return std::unexpected(failed(task, *no, attempt));
        }
        if (written) {
            if (!events.empty()) {
                receipts.correct(decision, known->reached, *written);
                if (!follow(*known, events, *written)) known.reset();
            }
            static_cast<stream_position&>(done) = *written;
            done.events = std::move(events);
            return done;
        }
        if (auto earlier = receipts.recall()) return *std::move(earlier);
        if (attempt >= options.attempts || written.error().reason == conflict_reason::tombstoned)
            return std::unexpected(failed(task, std::move(written.error()), std::max(attempt, 1U)));
    }
}

/// Throws for a middleware that is empty, or that checks a command which never comes.
void expect_usable(const middleware& each, const detail::command_table& commands) {
    if (!each)
        throw error(error_kind::invalid_argument,
                    "command_bus_options::middleware holds an empty function: pass one that returns next(command).");
    const auto* validation = each.target<detail::validation>();
    if (validation == nullptr || commands.find(*validation->type) != nullptr) return;
    throw error(error_kind::invalid_argument,
                fmt::format("validate<{0}>: no aggregate of this bus decides the command {0}, so it would never be "
                            "checked. Add its aggregate to the bus, or leave the check out.",
                            validation->type->full_name()));
}

command_result run(event_store& store, detail::aggregate_cache& cache, const command_bus_options& options,
                   const bus_task& task, const metadata& given, const send_options& how) {
    const receipts receipts{store, task.stream, task.command, how};
    if (auto earlier = receipts.recall()) return *std::move(earlier);
    std::optional<detail::taken_snapshot> snapshot;
    auto result = [&] {
        detail::aggregate_cache::lease lease{cache, task.stream};
        auto known = lease.take();
        auto decided = decide_and_append(store, known, task, receipts, given, how.expected, options);
        if (known && known->reached.version.value != 0) {
            snapshot = take_due_snapshot(task.stream, *known, options.on_warning);
            lease.give_back(*std::move(known));
        }
        return decided;
    }();
    // Without the lease: the next command to this instance need not wait for the snapshot.
    if (snapshot) detail::write_snapshot(store, *snapshot, options.on_warning);
    return result;
}

}  // namespace

namespace detail {

const command_definition& bus_state::get(const Message& command) const {
    const auto* definition = commands.find(*command.GetDescriptor());
    if (definition == nullptr)
        throw error(error_kind::invalid_argument, fmt::format("No aggregate of this bus decides the command {}.",
                                                              command.GetDescriptor()->full_name()));
    return *definition;
}

command_error failed(const bus_task& task, std::variant<rejection, conflict> reason, unsigned attempts) {
    return {task.command.GetDescriptor()->full_name(), task.stream, std::move(reason), attempts};
}

metadata correlated(metadata given) {
    add_causation(given);
    if (given.correlation_id.empty()) given.correlation_id = uuid::v7().str();
    return given;
}

std::optional<conflict> closed_stream(event_store& store, const stream_id& stream, version reached) {
    if (reached.value != 0 || store.find_stream(stream).state != stream_state::tombstoned) return {};
    return conflict{stream, expected_version::any(), reached, conflict_reason::tombstoned};
}

void check_expected(const bus_task& task, expected_version expected) {
    if (expected.kept_after() == (version::max)()) return;
    throw error(
        error_kind::invalid_argument,
        fmt::format("The command {} for {} cannot be sent with nothing_removed_after(): it is decided on what is "
                    "left of the stream. Give the version alone.",
                    task.command.GetDescriptor()->full_name(), task.stream.str()));
}

void refuse_other_command(const bus_task& task) {
    throw error(error_kind::invalid_argument,
                fmt::format("A middleware passed on another command than the {} for {} that was sent. Pass on the "
                            "sent_command that it got; only its metadata may change.",
                            task.command.GetDescriptor()->full_name(), task.stream.str()));
}

}  // namespace detail

command_bus_base::command_bus_base(event_store& store, command_bus_options options,
                                   const detail::command_table& commands)
    : state_("this command_bus", nullptr) {
    if (options.attempts == 0)
        throw error(error_kind::invalid_argument,
                    "command_bus_options::attempts is 0: a command must be decided at least once.");
    const auto capacity = options.cached_aggregates;
    for (const auto& each : options.middleware) expect_usable(each, commands);
    state_ = {"this command_bus", std::make_shared<detail::bus_state>(detail::process_mark{}, store, std::move(options),
                                                                      commands, detail::aggregate_cache{capacity})};
}

bool command_bus_base::decides(const google::protobuf::Descriptor& command) const {
    return state_->commands.find(command) != nullptr;
}

command_result command_bus_base::send(const Message& command, const send_options& options) {
    return send(state_->get(command), command, options);
}

command_result command_bus_base::send(const command_definition& definition, const Message& command,
                                      const send_options& options) {
    const auto held = state_.held();  // a middleware or an aggregate may destroy the bus
    auto& bus = *held;
    detail::unit_of_work::expect_outside(bus.store);
    const auto stream = definition.stream(command);
    const detail::bus_task task{command, definition, stream};
    return pass_through(bus, task, options, false, [&](const metadata& given) {
        if (definition.model != nullptr) return detail::run_model(bus, task, given, options);
        return run(bus.store, bus.cache, bus.options, task, given, options);
    });
}

command_result command_bus_base::dispatch(std::string_view type, std::string_view bytes, const send_options& options) {
    const auto held = state_.held();
    const auto& definition = held->commands.get(type);
    const std::unique_ptr<Message> command{definition.prototype->New()};
    if (const auto parsed = detail::parse_message(*command, bytes); !parsed)
        throw error(error_kind::undecodable, fmt::format("The command is not a {}: {}.", type, parsed.error()));
    return send(definition, *command, options);
}

command_result command_bus_base::dispatch_json(std::string_view type, std::string_view json,
                                               const send_options& options) {
    const auto held = state_.held();
    const auto& definition = held->commands.get(type);
    const std::unique_ptr<Message> command{definition.prototype->New()};
    if (const auto parsed = detail::parse_json(*command, json); !parsed)
        throw error(error_kind::undecodable, fmt::format("The JSON text is not a {}: {}.", type, parsed.error()));
    return send(definition, *command, options);
}

}  // namespace stele::inline v0
