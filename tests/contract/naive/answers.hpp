#pragma once

#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Answers of a store as texts. The records of removals are shown without their id and payload, which the store makes.
std::string text_of_event(const stele::recorded_event& event);
std::string text_of_result(const stele::stream_position& last, bool repeated);
std::string text_of_conflict(const std::string& stream, stele::conflict_reason reason, stele::version actual,
                             const std::optional<stele::ruled_out_event>& event = {});
std::string text_of(const stele::conflict& refused);
std::string text_of(const stele::append_all_outcome& outcome);
std::string text_of(const stele::append_outcome& outcome);
std::string text_of(const stele::stream_info& info);
std::string text_of(stele::event_range range);

/// What `ask` returns, or that it throws needs_tagging; other exceptions pass through.
std::string answer_of(const std::function<std::string()>& ask);
inline constexpr const char* needs_tagging_text = "needs_tagging\n";

/// The lines in that order, at most so many.
std::string joined(std::vector<std::string> lines, stele::direction order, std::uint64_t limit);
