#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/error.hpp>

#include <utility>

namespace stele::inline v0 {
namespace {

thread_local const recorded_event* handled = nullptr;

/// Empty if they are in a form of somebody else's: a store takes any bytes.
metadata metadata_of(const recorded_event& event) {
    try {
        return decode_metadata(event);
    } catch (const error& fault) {
        if (fault.kind() != error_kind::undecodable) throw;
        return {};
    }
}

}  // namespace

metadata caused_by(const recorded_event& event) {
    auto cause = event.id.str();
    auto known = metadata_of(event);
    if (known.correlation_id.empty()) known.correlation_id = cause;
    return {.correlation_id = std::move(known.correlation_id),
            .causation_id = std::move(cause),
            .occurred_at = known.occurred_at};
}

causation_scope::causation_scope(const recorded_event& event) noexcept : outer_(std::exchange(handled, &event)) {}

causation_scope::~causation_scope() {
    handled = outer_;
}

const recorded_event* current_cause() noexcept {
    return handled;
}

void add_causation(metadata& value) {
    if (handled == nullptr || !value.causation_id.empty()) return;
    auto cause = caused_by(*handled);
    value.causation_id = std::move(cause.causation_id);
    if (value.correlation_id.empty()) value.correlation_id = std::move(cause.correlation_id);
    if (!value.occurred_at) value.occurred_at = cause.occurred_at;
}

}  // namespace stele::inline v0
