#include <stele/eventstore/error.hpp>

namespace stele {

std::string_view to_string(error_kind kind) noexcept {
    switch (kind) {
        case error_kind::busy: return "busy";
        case error_kind::full: return "full";
        case error_kind::io: return "io";
        case error_kind::corrupt: return "corrupt";
        case error_kind::format: return "format";
        case error_kind::closed: return "closed";
        case error_kind::invalid_argument: return "invalid_argument";
        case error_kind::undecodable: return "undecodable";
    }
    return "unknown";
}

error::error(error_kind kind, const std::string& message, int engine_code)
    : std::runtime_error(message), kind_(kind), engine_code_(engine_code) {}

}  // namespace stele
