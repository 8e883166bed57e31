#pragma once

#include "support/counter.hpp"

#include <stele/commands/transaction.hpp>

#include <cstdint>
#include <string>

namespace testing {

inline std::int64_t value_of(stele::event_store& store, const std::string& id) {
    return stele::load<counter>(store, stele::stream_of<counter>(id)).state.value;
}

/// "counter-1@2 3 …; last 4", or why not.
inline std::string str(const stele::transaction_result& result) {
    if (!result) return result.error().message();
    std::string text;
    for (const auto& each : result->streams) {
        text +=
            each.stream.str() + "@" + std::to_string(each.version.value) + " " + std::to_string(each.position.value);
        if (!each.repeated) text += " (" + std::to_string(each.events.size()) + ")";
        text += "; ";
    }
    return text + "last " + std::to_string(result->position.value) + (result->repeated ? ", repeated" : "");
}

}  // namespace testing
