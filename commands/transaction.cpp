#include "commands/bus_state.hpp"
#include "commands/receipts.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/commands/detail/unit_of_work.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/rejection.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace stele::inline v0 {
namespace {

struct open_transaction final : transaction {
    open_transaction(detail::unit_of_work& unit, const metadata& given) : transaction(unit, given) {}
};

void check_key(const transaction_options& options) {
    if (options.idempotency_key && options.idempotency_key->is_nil())
        throw error(error_kind::invalid_argument,
                    "The idempotency key of a transaction is nil: make one with stele::make_idempotency_key, or omit "
                    "it.");
}

command_error failed(const detail::unit_of_work& unit, std::variant<rejection, conflict> reason, unsigned attempts) {
    const auto* other = std::get_if<conflict>(&reason);
    auto [command, stream] = unit.last_command(other != nullptr ? other->stream.str() : std::string{});
    return {std::move(command), std::move(stream), std::move(reason), attempts};
}

}  // namespace

bool transaction::send(const google::protobuf::Message& command, expected_version expected) {
    if (refused_) return false;
    auto result = try_send(command, expected);
    if (!result) refused_ = std::move(result.error());
    return !refused_;
}

command_result transaction::try_send(const google::protobuf::Message& command, expected_version expected) {
    if (fault_) std::rethrow_exception(fault_);
    if (refused_) return std::unexpected(*refused_);
    try {
        return unit_.send(command, {.metadata = metadata_, .expected = expected});
    } catch (...) {
        fault_ = std::current_exception();
        throw;
    }
}

transaction_result command_bus_base::transact(const std::function<void(transaction&)>& function,
                                              const transaction_options& options) {
    const auto held = state_.held();
    auto& bus = *held;
    detail::unit_of_work::expect_outside(bus.store);
    check_key(options);
    const auto recall = [&]() -> std::optional<transaction_receipt> {
        if (!options.idempotency_key) return {};
        return detail::recall_transaction(bus.store, *options.idempotency_key);
    };
    if (auto earlier = recall()) return *std::move(earlier);
    const auto given = detail::correlated(options.metadata);
    detail::unit_of_work unit{*this};
    // Attempt 0 is on cached states. Only an append can tell whether those are the latest.
    for (unsigned attempt = 0;; ++attempt) {
        unit.begin();
        open_transaction open{unit, given};
        try {
            function(open);
        } catch (...) {
            // It may have given up because of what was decided on a cached state.
            if (open.fault_ || attempt > 0 || unit.is_latest()) throw;
            continue;
        }
        if (open.fault_) std::rethrow_exception(open.fault_);
        if (unit.is_latest()) attempt = std::max(attempt, 1U);
        if (open.refused_) {
            if (attempt == 0) continue;
            // The obstacle may be the effect of this very transaction, run by somebody else since recall().
            if (auto earlier = recall()) return *std::move(earlier);
            const auto& no = *open.refused_;
            if (no.attempts() == 0) return std::unexpected(no);  // a middleware rejected it
            if (const auto* reason = no.rejection())
                return std::unexpected(command_error{no.command(), no.stream(), *reason, attempt});
            return std::unexpected(command_error{no.command(), no.stream(), *no.conflict(), attempt});
        }
        const auto ends = unit.ends();
        std::vector<document_write> documents;
        if (options.idempotency_key)
            documents.push_back(detail::transaction_receipt_document(*options.idempotency_key, ends, unit.reached()));
        const auto attempts = std::max(attempt, 1U);
        try {
            auto done = unit.commit({}, documents);
            if (done) {
                if (options.idempotency_key)
                    detail::correct_transaction(bus.store, *options.idempotency_key, ends, done->streams);
                return transaction_receipt{done->position, false, std::move(done->streams)};
            }
            if (auto earlier = recall()) return *std::move(earlier);
            auto& other = done.error();
            if (other && (attempt >= bus.options.attempts || other->reason == conflict_reason::tombstoned))
                return std::unexpected(failed(unit, *std::move(other), attempts));
        } catch (const append_rejected& refused) {
            if (auto earlier = recall()) return *std::move(earlier);
            return std::unexpected(failed(unit, refused.rejection(), attempts));
        }
    }
}

}  // namespace stele::inline v0
