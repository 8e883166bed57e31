// first error: a function that returns `stele::rejection` rejects every command; write the return type
#include "testing.pb.h"

#include <stele/commands/middleware.hpp>

int main() {
    const auto added = stele::validate<testing::Increment>(
        [](const testing::Increment&) { return stele::reject("negative", "it must be positive"); });
    return added ? 0 : 1;
}
