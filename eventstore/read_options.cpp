#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/stream.hpp>

#include <algorithm>

namespace stele::inline v0 {

bool event_filter::passes(std::string_view stream, std::string_view type) const {
    const auto begins_stream = [stream](std::string_view prefix) { return stream.starts_with(prefix); };
    return (passes_all_streams() || std::ranges::find(categories, category_of(stream)) != categories.end() ||
            std::ranges::any_of(stream_prefixes, begins_stream)) &&
           (types.empty() || std::ranges::find(types, type) != types.end());
}

}  // namespace stele::inline v0
