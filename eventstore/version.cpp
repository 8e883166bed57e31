#include <stele/eventstore/version.hpp>

namespace stele {

std::string expected_version::str() const {
    switch (mode_) {
        case mode::any: return "any";
        case mode::none: return "none";
        case mode::some: return "some";
        case mode::exactly: break;
    }
    return std::to_string(version_.value);
}

}  // namespace stele
