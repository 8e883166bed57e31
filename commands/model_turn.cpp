#include "commands/model_turn.hpp"

#include "commands/receipts.hpp"

#include <stele/aggregates/detail/any_model.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/rejection.hpp>

#include <fmt/format.h>

#include <array>
#include <utility>

namespace stele::inline v0::detail {
namespace {

/// One command to a decision model, from its receipt to its receipt.
class model_turn {
public:
    model_turn(bus_state& bus, const bus_task& task, const metadata& given, const send_options& how)
        : bus_(bus),
          task_(task),
          receipts_(bus.store, task.stream, task.command, how),
          metadata_bytes_(encode(correlated(given))) {}

    command_result run() {
        if (auto earlier = receipts_.recall()) return *std::move(earlier);
        // Those of this process that go to the same stream mostly have the same boundary: one after the other they meet
        // in no conflict. The cache keeps no state of them.
        const aggregate_cache::lease turn{bus_.cache, task_.stream};
        for (unsigned attempt = 1;; ++attempt) {
            if (auto done = decide(attempt)) return *std::move(done);
        }
    }

private:
    // The head comes first: what is appended after it is not in the state, and breaks the condition.
    std::optional<command_result> decide(unsigned attempt) {
        const auto head = bus_.store.head();
        any_model model{*task_.definition.model, task_.definition.scope, task_.command};
        model.read(bus_.store, head);
        const any_decision decision = task_.definition.decide(model.state(), task_.command);
        auto events = encode_events(decision, metadata_bytes_);
        receipt done{{{}, model.reached}, task_.stream};
        done.returned = receipts_.value_of(decision);
        try {
            auto documents = receipts_.remember_at_end(decision, model.reached);
            auto appended = append(events, documents, {model.boundary(), head});
            if (!appended) return refused(std::move(appended.error()), attempt);
            if (!events.empty()) static_cast<stream_position&>(done) = appended->front();
            if (const auto* no = decision.rejection()) return rejected(*no, !documents.empty(), attempt);
        } catch (const append_rejected& no) {
            return rejected_by_projection(no.rejection(), model.reached, attempt);
        }
        done.events = std::move(events);
        return done;
    }

    append_all_outcome append(const std::vector<event_data>& events, const std::vector<document_write>& documents,
                              no_event condition) {
        if (events.empty() && documents.empty()) return {};
        const stream_write write{task_.stream, expected_, events};
        const std::array<append_condition, 1> conditions{std::move(condition)};
        return bus_.store.append(std::span(&write, events.empty() ? 0 : 1), documents, conditions);
    }

    // Nothing if the command is to be decided again.
    std::optional<command_result> refused(conflict other, unsigned attempt) {
        if (auto earlier = receipts_.recall()) return *std::move(earlier);
        if (attempt >= bus_.options.attempts || other.reason == conflict_reason::tombstoned)
            return std::unexpected(failed(task_, std::move(other), attempt));
        // A stream that was deleted begins again, unless somebody else has begun it.
        expected_ = other.reason == conflict_reason::deleted ? expected_version::no_stream() : expected_version::any();
        return std::nullopt;
    }

    command_result rejected(const rejection& reason, bool is_written, unsigned attempt) {
        // The obstacle may be the effect of this very command, sent by somebody else since recall(). A rejection that
        // was written shows that it is not.
        if (!is_written)
            if (auto earlier = receipts_.recall()) return *std::move(earlier);
        return std::unexpected(failed(task_, reason, attempt));
    }

    // A rule of an inline projection rejected what the model accepted.
    command_result rejected_by_projection(const rejection& reason, position reached, unsigned attempt) {
        if (auto earlier = receipts_.recall()) return *std::move(earlier);
        const auto documents = receipts_.remember_at_end(any_decision{reason}, reached);
        if (!documents.empty() && !bus_.store.append({}, documents))
            if (auto earlier = receipts_.recall()) return *std::move(earlier);
        return std::unexpected(failed(task_, reason, attempt));
    }

    bus_state& bus_;
    const bus_task& task_;
    receipts receipts_;
    std::string metadata_bytes_;
    expected_version expected_ = expected_version::any();
};

}  // namespace

command_result run_model(bus_state& bus, const bus_task& task, const metadata& given, const send_options& how) {
    expect_no_version(task, how);
    return model_turn{bus, task, given, how}.run();
}

void expect_no_version(const bus_task& task, const send_options& how) {
    if (how.expected == expected_version::any()) return;
    throw error(error_kind::invalid_argument,
                fmt::format("The command {} is decided by the decision model {}, which has no version to expect: its "
                            "boundary is checked anyway. Leave send_options::expected as it is.",
                            task.command.GetDescriptor()->full_name(), task.definition.model->name));
}

}  // namespace stele::inline v0::detail
