#pragma once

#include "eventstore/index/index_model.hpp"

#include <cstddef>
#include <string>

namespace index_model {

/// What a search has found.
struct search_result {
    std::size_t states = 0;      ///< Different ones that were looked at.
    std::string violation = {};  ///< Which invariant fails; empty if none does in any state.
    std::string path = {};       ///< The fewest steps that lead there, one a line.
};

/// Looks at every state that can be reached, the nearest first, until one violates an invariant.
search_result search(const rules& kept, const bounds& limits);

}  // namespace index_model
