#include "eventstore/index/index_search.hpp"

#include <algorithm>
#include <deque>
#include <unordered_set>
#include <utility>
#include <vector>

namespace index_model {
namespace {

// How a state was reached.
struct origin {
    std::uint32_t before = 0;
    step last{};
};

std::string path_to(const std::vector<origin>& origins, std::uint32_t place, const step& last) {
    std::vector<std::string> names{to_string(last)};
    for (; place != 0; place = origins[place].before) names.push_back(to_string(origins[place].last));
    std::ranges::reverse(names);
    std::string all;
    for (const auto& name : names) all += name + '\n';
    return all;
}

}  // namespace

search_result search(const rules& kept, const bounds& limits) {
    model all(kept, limits);
    std::vector<origin> origins(1);
    std::deque<state> waiting{all.beginning()};
    std::unordered_set<std::string> seen{waiting.front().key()};
    for (std::uint32_t place = 0; !waiting.empty(); ++place) {
        const auto now = std::move(waiting.front());
        waiting.pop_front();
        for (const auto& one : all.possible_steps(now)) {
            try {
                auto after = all.perform(now, one);
                if (!seen.insert(after.key()).second) continue;
                origins.push_back({place, one});
                waiting.push_back(std::move(after));
            } catch (const violation& found) {
                return {seen.size(), found.what(), path_to(origins, place, one)};
            }
        }
    }
    return {.states = seen.size()};
}

}  // namespace index_model
