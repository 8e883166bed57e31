#include <stele/eventstore/causation.hpp>

#include <utility>

namespace stele::inline v0 {
namespace {

thread_local const recorded_event* handled = nullptr;

}  // namespace

metadata caused_by(const recorded_event& event) {
    auto cause = event.id.str();
    auto correlation = decode_metadata(event.metadata).correlation_id;
    if (correlation.empty()) correlation = cause;
    return {.correlation_id = std::move(correlation), .causation_id = std::move(cause), .actor = {}, .headers = {}};
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
}

}  // namespace stele::inline v0
