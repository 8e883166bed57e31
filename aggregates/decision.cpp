#include <stele/aggregates/decision.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

std::span<const std::unique_ptr<const google::protobuf::Message>> any_decision::events() const& noexcept {
    const auto* events = std::get_if<event_list>(&outcome_);
    return events ? std::span{*events} : std::span<const event_list::value_type>{};
}

void any_decision::add(std::unique_ptr<const google::protobuf::Message> event) {
    auto* events = std::get_if<event_list>(&outcome_);
    if (!events)
        throw error(
            error_kind::invalid_argument,
            fmt::format("The event {1} was added to a rejection ({0}), which has no events. Decide first, then add.",
                        rejection()->code, event->GetDescriptor()->full_name()));
    events->push_back(std::move(event));
}

}  // namespace stele::inline v0::detail
