// first error: validate<Command>: give a function that takes `const Command&`
#include "testing.pb.h"

#include <stele/commands/middleware.hpp>

int main() {
    const auto added = stele::validate<testing::Increment>(
        [](const testing::Decrement&) -> std::optional<stele::rejection> { return {}; });
    return added ? 0 : 1;
}
