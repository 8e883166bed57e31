#include <stele/commands/command_error.hpp>

#include <fmt/format.h>

namespace stele::inline v0 {

std::string command_error::message() const {
    if (const auto* no = rejection())
        return fmt::format("{} for {} was rejected ({}): {}", command_, stream_.str(), no->code, no->message);
    return fmt::format("{} for {} failed after {} {}: {}", command_, stream_.str(), attempts_,
                       attempts_ == 1 ? "attempt" : "attempts", conflict()->message());
}

}  // namespace stele::inline v0
