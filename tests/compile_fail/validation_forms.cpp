// must compile
#include "testing.pb.h"

#include <stele/commands/middleware.hpp>

// How a check says yes and no: with its type written out, or in one expression that has the type.
const stele::middleware written_out =
    stele::validate<testing::Increment>([](const testing::Increment& command) -> std::optional<stele::rejection> {
        if (command.by() < 0) return stele::reject("negative", "by {}", command.by());
        return {};
    });
const stele::middleware in_one = stele::validate<testing::Increment>([](const testing::Increment& command) {
    return command.by() < 0 ? std::optional{stele::reject("negative", "by {}", command.by())} : std::nullopt;
});
