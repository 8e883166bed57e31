#pragma once

#include <string_view>

namespace stele::inline v0::detail {

/// Whether the metadata of an event, as stored, has this correlation id. Bytes that are no metadata of ours have none.
bool has_correlation_id(std::string_view metadata, std::string_view correlation_id);

}  // namespace stele::inline v0::detail
