#include <stele/eventstore/error.hpp>

namespace stele::inline v0 {

std::string_view to_string(error_kind kind) noexcept {
    switch (kind) {
        case error_kind::busy: return "busy";
        case error_kind::full: return "full";
        case error_kind::io: return "io";
        case error_kind::unavailable: return "unavailable";
        case error_kind::corrupt: return "corrupt";
        case error_kind::closed: return "closed";
        case error_kind::read_only: return "read_only";
        case error_kind::foreign_file: return "foreign_file";
        case error_kind::newer_format: return "newer_format";
        case error_kind::needs_upgrade: return "needs_upgrade";
        case error_kind::other_store: return "other_store";
        case error_kind::needs_rebuild: return "needs_rebuild";
        case error_kind::needs_projection: return "needs_projection";
        case error_kind::needs_tagging: return "needs_tagging";
        case error_kind::rejected: return "rejected";
        case error_kind::incompatible_schema: return "incompatible_schema";
        case error_kind::invalid_argument: return "invalid_argument";
        case error_kind::undecodable: return "undecodable";
        case error_kind::handler_failed: return "handler_failed";
    }
    return "unknown";
}

error::error(error_kind kind, const std::string& message, int engine_code)
    : std::runtime_error(message), kind_(kind), engine_code_(engine_code) {}

}  // namespace stele::inline v0
