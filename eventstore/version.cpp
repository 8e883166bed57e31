#include <stele/eventstore/version.hpp>

namespace stele::inline v0 {

std::string expected_version::str() const {
    switch (mode_) {
        case mode::any: return "any";
        case mode::no_stream: return "no_stream";
        case mode::stream_exists: return "stream_exists";
        case mode::exactly: break;
    }
    return std::to_string(version_.value);
}

}  // namespace stele::inline v0
